// Package abbrev finds the abbreviations that a text defines, by the algorithm
// of Schwartz and Hearst ("A simple algorithm for identifying abbreviation
// definitions in biomedical text", Pacific Symposium on Biocomputing 2003).
//
// A definition is "long form (short form)" or "short form (long form)":
//
//   - The short form has two to ten characters, in one or two words. It begins
//     with a letter or digit and has a letter.
//   - The long form has at most min(n+5, 2n) words for a short form of n
//     characters. The letters and digits of the short form, matched from its end
//     to its start, occur in the long form in the same order, and the first of
//     them begins a word.
package abbrev

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Definition is a short form and the long form that it stands for.
type Definition struct {
	Short, Long           string
	ShortStart, LongStart int // byte offsets of both in the text
}

const (
	minShort  = 2   // characters of a short form
	maxShort  = 10  // characters of a short form
	maxInside = 300 // bytes between parentheses
)

// Find returns the definitions in text, in order. Where one short form is defined
// several times, only its first definition counts.
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

// parenthesis returns the beginning of s up to the parenthesis that closes the
// one before s; parentheses may be nested.
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

// definition returns what the parenthesis that opens at byte open, around inside,
// defines together with the words before it.
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
		long := strings.TrimRightFunc(text[at:open], unicode.IsSpace)
		return Definition{Short: short, Long: long, ShortStart: start, LongStart: at}, true
	}
	// Not "long form (short form)": try "short form (long form)".
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
	return Definition{Short: short, Long: long, ShortStart: at, LongStart: open + 1 + strings.Index(inside, long)}, true
}

// sentence returns the unfinished sentence, or part after a semicolon, with which
// s ends; at most 500 bytes of it.
func sentence(s string) string {
	s = s[max(0, len(s)-500):]
	for i := len(s) - 2; i > 0; i-- {
		stop := strings.IndexByte(".;!?", s[i]) >= 0 && s[i+1] == ' ' && strings.TrimSpace(s[i+1:]) != ""
		blankLine := s[i] == '\n' && s[i-1] == '\n'
		if stop || blankLine {
			return s[i+1:]
		}
	}
	return s
}

// isShort tells whether s can be a short form.
func isShort(s string) bool {
	n := utf8.RuneCountInString(s)
	first, _ := utf8.DecodeRuneInString(s)
	return n >= minShort && n <= maxShort && alphanumeric(first) &&
		len(strings.Fields(s)) <= 2 && strings.IndexFunc(s, unicode.IsLetter) >= 0
}

// maxWords returns how many words the long form of short may have.
func maxWords(short string) int {
	n := utf8.RuneCountInString(short)
	return min(n+5, 2*n)
}

// lastWords returns the last n words of s, with the white space between and after
// them.
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

// longForm returns the length in bytes of the shortest end of candidate that the
// short form can stand for.
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
	// The long form begins with a whole word: "3,4-x" is not cut before "4".
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
