package ground

import (
	"unicode"
	"unicode/utf8"
)

// Letters and digits above or below the line belong to formulas and isotopes, as in
// NaHCO₃, Ca²⁺ and ¹⁴C, or are marks of footnotes, which no word has as a part:
// hepatitis².

// script tells whether r is a digit, a sign or a letter above or below the line.
func script(r rune) bool {
	return r == '²' || r == '³' || r == '¹' || r >= 0x2070 && r <= 0x209c
}

// Ends tells whether a mention may end at byte i of text: at a [Boundary], and before
// the mark of a footnote.
func Ends(text string, i int) bool {
	return Boundary(text, i) || Marked(text, i) && !Formula(text, i)
}

// Marked tells whether characters above or below the line follow byte i of text, and a
// boundary follows these.
func Marked(text string, i int) bool {
	end := ScriptEnd(text, i)
	return end > i && Boundary(text, end)
}

// Formula tells whether what ends at byte i of text may be a part of a formula or of a
// name, as all but two small letters is: what is above or below the line belongs to it
// then.
func Formula(text string, i int) bool {
	last, size := utf8.DecodeLastRuneInString(text[:i])
	before, _ := utf8.DecodeLastRuneInString(text[:i-size])
	return i > 0 && !(unicode.IsLower(last) && unicode.IsLower(before))
}

// ScriptEnd returns where characters above or below the line end that begin at byte i of
// text.
func ScriptEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !script(r) {
			break
		}
		i += size
	}
	return i
}

// ScriptStart returns where characters above or below the line begin that end at byte i
// of text.
func ScriptStart(text string, i int) int {
	for i > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		if !script(r) {
			break
		}
		i -= size
	}
	return i
}
