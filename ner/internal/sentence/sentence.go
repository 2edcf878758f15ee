// Package sentence finds where sentences begin, for what must not be cut within
// one and what never runs from one into the next.
//
// A sentence ends with a full stop, question or exclamation mark, what closes
// brackets and quotes, and white space, if what follows can begin a sentence:
// anything but a lower-case letter. Full stops of initials and of common
// abbreviations end none. A blank line ends one always.
package sentence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Starts are the bytes of text at which sentences begin, but the first.
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

func begins(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.IsLower(r)
}

// abbreviated says whether the word before a full stop is one that is written
// with it in mid-sentence.
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
