package ground

import (
	"unicode"
	"unicode/utf8"
)

// Boundary tells whether a mention may begin or end at byte i of text. It may
// not between two letters, digits or marks, unless their script writes no spaces
// between words, and never between a letter and its combining marks.
func Boundary(text string, i int) bool {
	if i <= 0 || i >= len(text) {
		return i == 0 || i == len(text)
	}
	before, after := text[i-1], text[i]
	if before < utf8.RuneSelf && after < utf8.RuneSelf {
		return !asciiWord(before) || !asciiWord(after)
	}
	b, _ := utf8.DecodeLastRuneInString(text[:i])
	a, _ := utf8.DecodeRuneInString(text[i:])
	return boundary(b, a)
}

const zeroWidthJoiner = 0x200d

// boundary is [Boundary] between two code points.
func boundary(before, after rune) bool {
	if unicode.Is(unicode.M, after) || before == zeroWidthJoiner || after == zeroWidthJoiner {
		return false
	}
	return !word(before) || !word(after) || unspaced(before) || unspaced(after)
}

func asciiWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func word(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Pc)
}

// unspaced tells whether the script of r writes no spaces between words.
func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
