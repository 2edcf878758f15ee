// Package answer reads the lists that a model writes: one item or pair a line.
//
// The reading is tolerant, for models drift from "- item": other bullets,
// numbers, quotes and trailing punctuation are understood. It decides nothing
// that needs the article: each item comes with the forms in which it may be
// meant, the likeliest first, and each line that can't be an item comes with
// the reason, so that nothing is lost in silence.
package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is one line of an answer that isn't blank.
type Line struct {
	Text     string // as written, trimmed
	Bulleted bool
	// Items is the item, or the chemical and the disease of a pair; empty
	// where Reason says why there is none.
	Items  []Item
	Reason string
}

// Item is a mention that the model wrote.
type Item struct {
	// Forms are the ways to read it, the likeliest first, all different.
	Forms []string
	// Start and End are its first form's bytes in the answer.
	Start, End int
}

// Reasons why a line holds no item.
const (
	NotAPair = "not a pair chemical | disease"
	Empty    = "empty item"
	CutOff   = "cut off at the length limit"
)

// Parse reads an answer. If it was cut at the length limit, its last line is
// incomplete unless an end of line follows it.
func Parse(text string, pairs, cut bool) []Line {
	var lines []Line
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexAny(text[start:], "\r\n"); i >= 0 {
			end = start + i
		}
		if s := trim(span{start, end}, text); s.start < s.end {
			line := parse(text, s, pairs)
			if cut && end == len(text) {
				line.Items, line.Reason = nil, CutOff
			}
			lines = append(lines, line)
		}
		start = end + 1
	}
	return lines
}

type span struct{ start, end int }

func (s span) of(text string) string { return text[s.start:s.end] }

func parse(text string, s span, pairs bool) Line {
	line := Line{Text: s.of(text)}
	s, line.Bulleted = bullet(text, s)
	if s = trim(s, text); s.start == s.end {
		line.Reason = Empty
		return line
	}
	if !pairs {
		line.Items = []Item{item(text, s, "")}
	} else if chemical, disease, ok := split(text, s); ok {
		line.Items = []Item{item(text, chemical, "chemical "), item(text, disease, "disease ")}
	} else {
		line.Reason = NotAPair
		return line
	}
	for _, it := range line.Items {
		if len(it.Forms) == 0 {
			line.Items, line.Reason = nil, Empty
			break
		}
	}
	return line
}

// split cuts a pair: "chemical | disease", or the training data's older
// "chemical X influences disease Y".
func split(text string, s span) (chemical, disease span, ok bool) {
	line := s.of(text)
	if strings.Count(line, "|") == 1 {
		i := s.start + strings.IndexByte(line, '|')
		return trim(span{s.start, i}, text), trim(span{i + 1, s.end}, text), true
	}
	const middle = " influences disease "
	lower := asciiLower(line)
	if i := strings.Index(lower, middle); i > 0 && !strings.Contains(line, "|") && strings.HasPrefix(lower, "chemical ") {
		i += s.start
		return span{s.start, i}, span{i + len(middle), s.end}, true
	}
	return span{}, span{}, false
}

// bullet cuts the marks of lists from the front: a sign, a number, or both.
func bullet(text string, s span) (span, bool) {
	rest := s.of(text)
	found := false
	if r, size := utf8.DecodeRuneInString(rest); strings.ContainsRune("-*•·‣◦▪–—", r) && !strings.HasPrefix(rest, "**") {
		s.start += size
		s, found = trim(s, text), true
		rest = s.of(text)
	}
	if n := number(rest); n > 0 {
		s.start += n
		s, found = trim(s, text), true
	}
	return s, found
}

// number is the length of "1. ", "1) " or "(1) " at the front, else 0.
func number(s string) int {
	i := 0
	if strings.HasPrefix(s, "(") {
		i++
	}
	digits := i
	for i < len(s) && i-digits < 4 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == digits || i+1 >= len(s) || s[i] != ')' && (s[i] != '.' || digits > 0) || s[i+1] != ' ' && s[i+1] != '\t' {
		return 0
	}
	return i + 2
}

// item lists the forms of what s holds.
func item(text string, s span, prefix string) Item {
	bare := s
	for {
		next := unquote(text, bare)
		if trimmed := strings.TrimRight(next.of(text), ".,;:"); trimmed != "" {
			next.end = next.start + len(trimmed)
		}
		if next = trim(next, text); next == bare || next.start == next.end {
			break
		}
		bare = next
	}
	it := Item{Start: bare.start, End: bare.end}
	it.add(bare.of(text))
	it.add(unquote(text, s).of(text))
	it.add(s.of(text))
	if prefix != "" && strings.HasPrefix(asciiLower(bare.of(text)), prefix) {
		it.add(strings.TrimSpace(bare.of(text)[len(prefix):]))
	}
	return it
}

func (it *Item) add(form string) {
	form = strings.ToValidUTF8(form, "\ufffd")
	if strings.Trim(form, ".,;: ") == "" {
		return
	}
	for _, f := range it.Forms {
		if f == form {
			return
		}
	}
	it.Forms = append(it.Forms, form)
}

// unquote cuts one pair of quotes or of emphasis.
func unquote(text string, s span) span {
	for _, q := range [][2]string{{"**", "**"}, {`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"*", "*"}} {
		t := s.of(text)
		if len(t) > len(q[0])+len(q[1]) && strings.HasPrefix(t, q[0]) && strings.HasSuffix(t, q[1]) {
			return span{s.start + len(q[0]), s.end - len(q[1])}
		}
	}
	return s
}

func trim(s span, text string) span {
	t := strings.TrimLeftFunc(s.of(text), unicode.IsSpace)
	s.start = s.end - len(t)
	s.end = s.start + len(strings.TrimRightFunc(t, unicode.IsSpace))
	return s
}

// asciiLower keeps the length, of invalid UTF-8 too.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
