// Package sentence finds where sentences begin: long articles are cut between
// sentences, and no mention runs from one into the next.
//
// A sentence ends with a full stop, a question mark or an exclamation mark, then
// any closing brackets and quotes, then white space, unless a lower-case letter
// follows. The full stop of an initial or of a common abbreviation ends no
// sentence. A blank line always ends one.
package sentence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Starts returns the byte offsets at which sentences of text begin, ascending,
// without that of the first sentence.
func Starts(text string) []int {
	var starts []int
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '.', '!', '?':
			end := i + 1
			for end < len(text) && strings.IndexByte(`"')]`, text[end]) >= 0 {
				end++
			}
			next := end + len(text[end:]) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			if next > end && next < len(text) && begins(text[next:]) && !(text[i] == '.' && abbreviated(text[:i])) {
				starts = append(starts, next)
			}
			i = max(i, next-1)
		case '\n':
			next := i + len(text[i:]) - len(strings.TrimLeftFunc(text[i:], unicode.IsSpace))
			if strings.Count(text[i:next], "\n") > 1 && next < len(text) {
				starts = append(starts, next)
			}
			i = max(i, next-1)
		}
	}
	return starts
}

// begins tells whether s can begin a sentence.
func begins(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.IsLower(r)
}

// abbreviated tells whether the text before a full stop ends with an initial or
// an abbreviation, of which the full stop is a part.
func abbreviated(before string) bool {
	i := len(before)
	for i > 0 && len(before)-i < 8 && (before[i-1]|0x20 >= 'a' && before[i-1]|0x20 <= 'z' || before[i-1] == '.') {
		i--
	}
	word := before[i:]
	if len(word) == 1 && unicode.IsUpper(rune(word[0])) {
		return true // an initial
	}
	switch strings.ToLower(word) {
	case "e.g", "i.e", "vs", "al", "fig", "figs", "dr", "no", "approx", "resp", "cf", "st", "ca", "mr", "mrs", "prof":
		return true
	}
	return false
}
