package seedcompat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace tells whether \s matches r, as str.isspace does: Go's unicode.IsSpace
// lacks the four information separators.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// isWord tells whether \w matches r: a letter, any numeric character, or the
// underscore; other than in most engines, no combining mark. All numeric
// characters that are not letters have category Nd, Nl or No.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// wordBoundary tells whether \b matches at byte i of s.
func wordBoundary(s string, i int) bool {
	before, n := utf8.DecodeLastRuneInString(s[:i])
	after, m := utf8.DecodeRuneInString(s[i:])
	return (n > 0 && isWord(before)) != (m > 0 && isWord(after))
}

// strip is str.strip.
func strip(s string) string { return strings.TrimFunc(s, isSpace) }

// collapse is re.sub(r"\s+", " ", s).
func collapse(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		if !isSpace(r) {
			b.WriteRune(r)
		} else if !space {
			b.WriteByte(' ')
		}
		space = isSpace(r)
	}
	return b.String()
}

// splitLines is str.splitlines: a line ends at \n, \r, \r\n or one of eight more
// characters, and nothing follows the last line end.
func splitLines(s string) []string {
	var lines []string
	start := 0
	for i, r := range s {
		if i < start {
			continue // the \n of a \r\n
		}
		switch r {
		case '\n', '\v', '\f', '\r', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			lines = append(lines, s[start:i])
			start = i + utf8.RuneLen(r)
			if r == '\r' && strings.HasPrefix(s[start:], "\n") {
				start++
			}
		}
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// lower is str.lower, which lowers every character by itself but İ, which becomes
// i and a combining dot, and Σ, which becomes ς at the end of a word.
func lower(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == 'İ' || r == 'Σ' }) < 0 {
		return strings.Map(unicode.ToLower, s)
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && finalSigma(s[:i], s[i+utf8.RuneLen(r):]):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// foldLetter returns the lower-case letter that re.IGNORECASE compares r as.
func foldLetter(r rune) rune {
	switch r {
	case 'İ', 'ı':
		return 'i'
	case 'ſ':
		return 's'
	}
	return unicode.ToLower(r)
}

// finalSigma tells whether a Σ between before and after meets the condition
// Final_Sigma of the Unicode Standard (3.13): past case-ignorable characters, a
// cased letter is next before it and none after it.
func finalSigma(before, after string) bool {
	before = strings.TrimRightFunc(before, caseIgnorable)
	r, n := utf8.DecodeLastRuneInString(before)
	if n == 0 || !cased(r) {
		return false
	}
	after = strings.TrimLeftFunc(after, caseIgnorable)
	r, n = utf8.DecodeRuneInString(after)
	return n == 0 || !cased(r)
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Uppercase, unicode.Other_Lowercase)
}

// caseIgnorable tells whether r has Unicode's property Case_Ignorable: marks,
// format characters, modifiers, and the punctuation that occurs within words.
func caseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', 0xb7, 0x387, 0x55f, 0x5f4, 0x2018, 0x2019, 0x2024, 0x2027,
		0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
