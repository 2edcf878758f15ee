// Package abbrev finds abbreviations where a text defines them, by the
// algorithm of Schwartz and Hearst ("A simple algorithm for identifying
// abbreviation definitions in biomedical text", Pacific Symposium on
// Biocomputing 2003).
//
// A definition is "long form (short form)" or "short form (long form)". The
// short form has two to ten characters in one or two words, begins with a
// letter or digit and has a letter. The long form ends beside the parenthesis
// and has at most min(|short|+5, 2|short|) words; read from their ends, the
// short form's letters and digits occur in it in order, the first of them at
// the beginning of a word.
package abbrev

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Definition is a short form and what it stands for. Offsets are in bytes of
// the text, half-open.
type Definition struct {
	Short, Long           string
	ShortStart, LongStart int
}

const (
	minShort = 2
	maxShort = 10
	// maxInside bounds what is read within parentheses.
	maxInside = 300
)

// Find returns the definitions of a text in order, the first of each short
// form only.
func Find(text string) []Definition {
	var out []Definition
	seen := map[string]bool{}
	for i := 0; i < len(text); i++ {
		if text[i] != '(' {
			continue
		}
		inside, ok := parenthesis(text[i+1:])
		if !ok {
			continue
		}
		if d, ok := definition(text, i, inside); ok && !seen[d.Short] {
			seen[d.Short] = true
			out = append(out, d)
		}
	}
	return out
}

// parenthesis returns what s holds up to the parenthesis that closes it; inner
// ones are part of it.
func parenthesis(s string) (string, bool) {
	depth := 1
	for i := 0; i < len(s) && i < maxInside; i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[:i], true
			}
		}
	}
	return "", false
}

// definition reads the parenthesis at byte open.
func definition(text string, open int, inside string) (Definition, bool) {
	short := inside
	if i := strings.IndexAny(inside, ",;"); i > 0 {
		short = inside[:i] // "(RS, see below)"
	}
	start := open + 1 + len(short) - len(strings.TrimLeftFunc(short, unicode.IsSpace))
	short = strings.TrimSpace(short)
	before := sentence(text[:open])
	if isShort(short) {
		length, ok := longForm(short, lastWords(before, maxWords(short)))
		if !ok {
			return Definition{}, false
		}
		at := open - length
		return Definition{short, strings.TrimRightFunc(text[at:open], unicode.IsSpace), start, at}, true
	}
	// "short form (long form)"
	word := lastWords(before, 1)
	short = strings.TrimSpace(word)
	long := strings.TrimSpace(inside)
	if !isShort(short) || len(strings.Fields(long)) > maxWords(short) {
		return Definition{}, false
	}
	length, ok := longForm(short, long)
	if !ok || length != len(long) {
		return Definition{}, false
	}
	at := open - len(word) + strings.Index(word, short)
	return Definition{short, long, at, open + 1 + strings.Index(inside, long)}, true
}

// sentence returns the end of s after the last end of a sentence in it.
func sentence(s string) string {
	s = s[max(0, len(s)-500):]
	for i := len(s) - 2; i > 0; i-- {
		if (s[i] == '.' || s[i] == ';' || s[i] == '!' || s[i] == '?') && s[i+1] == ' ' && strings.TrimSpace(s[i+1:]) != "" || s[i] == '\n' && s[i-1] == '\n' {
			return s[i+1:]
		}
	}
	return s
}

func isShort(s string) bool {
	n := utf8.RuneCountInString(s)
	first, _ := utf8.DecodeRuneInString(s)
	return n >= minShort && n <= maxShort && alphanumeric(first) &&
		len(strings.Fields(s)) <= 2 && strings.IndexFunc(s, unicode.IsLetter) >= 0
}

func maxWords(short string) int {
	n := utf8.RuneCountInString(short)
	return min(n+5, 2*n)
}

// lastWords returns the end of s from its n-th last word on.
func lastWords(s string, n int) string {
	i := len(s)
	for range n {
		i = len(strings.TrimRightFunc(s[:i], unicode.IsSpace))
		for i > 0 {
			r, size := utf8.DecodeLastRuneInString(s[:i])
			if unicode.IsSpace(r) {
				break
			}
			i -= size
		}
	}
	return s[i:]
}

// longForm finds the shortest end of the candidate that the short form
// abbreviates, and returns its length in bytes.
func longForm(short, candidate string) (length int, ok bool) {
	letters := []rune(short)
	c := len(candidate)
	for s := len(letters) - 1; s >= 0; s-- {
		if !alphanumeric(letters[s]) {
			continue
		}
		for {
			if c == 0 {
				return 0, false
			}
			r, size := utf8.DecodeLastRuneInString(candidate[:c])
			c -= size
			if unicode.ToLower(r) != unicode.ToLower(letters[s]) {
				continue
			}
			if s > 0 || c == 0 {
				break
			}
			if before, _ := utf8.DecodeLastRuneInString(candidate[:c]); !alphanumeric(before) {
				break
			}
		}
	}
	// The form begins where its word does: "3,4-x" is not cut before "4".
	c = len(strings.TrimRightFunc(candidate[:c], func(r rune) bool { return !unicode.IsSpace(r) }))
	for c < len(candidate) && (candidate[c] == '(' || candidate[c] == '"') && !strings.Contains(candidate[c:], ")") {
		c++
	}
	long := strings.TrimSpace(candidate[c:])
	if utf8.RuneCountInString(long) <= len(letters) || hasWord(long, short) {
		return 0, false
	}
	return len(candidate) - c, true
}

func hasWord(s, word string) bool {
	for f := range strings.FieldsSeq(s) {
		if strings.EqualFold(f, word) {
			return true
		}
	}
	return false
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
