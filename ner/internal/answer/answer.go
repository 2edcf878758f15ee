// Package answer reads the lists that a model writes: one item, or one pair, on
// each line.
//
// Models drift from "- item", so that other bullets, numbers, quotes and trailing
// punctuation are understood too. What an item means can only be told by the
// article: `"x."` may stand for itself, for x. or for x. So each item comes with
// all its forms, the likeliest first, and the caller chooses. A line that can't
// be an item comes with the reason, so that nothing is lost in silence.
package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is a line of an answer that isn't blank.
type Line struct {
	Text     string // the line, without white space around it
	Bulleted bool   // it begins with a bullet or a number
	// Items has the line's item, or the chemical and the disease of its pair. It
	// is empty where the line has none, for the Reason given.
	Items  []Item
	Reason string
}

// Item is a mention that the model wrote.
type Item struct {
	Forms      []string // the different ways to read it, the likeliest first
	Start, End int      // the bytes [Start, End) of the answer that are Forms[0]
}

// Reasons why a line has no item.
const (
	notAPair = "not a pair chemical | disease"
	empty    = "empty item"
	cutOff   = "cut off at the length limit"
)

// Parse returns the lines of an answer, which has pairs or else items. If cut
// tells that the answer ends at the length limit, its last line is incomplete
// unless a line end follows it.
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
				line.Items, line.Reason = nil, cutOff
			}
			lines = append(lines, line)
		}
		start = end + 1
	}
	return lines
}

// span is the bytes [start, end) of an answer.
type span struct{ start, end int }

func (s span) of(text string) string { return text[s.start:s.end] }

// parse reads the line s of an answer.
func parse(text string, s span, pairs bool) Line {
	line := Line{Text: s.of(text)}
	s, line.Bulleted = bullet(text, s)
	if s = trim(s, text); s.start == s.end {
		line.Reason = empty
		return line
	}
	if !pairs {
		line.Items = []Item{item(text, s, "")}
	} else if chemical, disease, ok := split(text, s); ok {
		line.Items = []Item{item(text, chemical, "chemical "), item(text, disease, "disease ")}
	} else {
		line.Reason = notAPair
		return line
	}
	for _, it := range line.Items {
		if len(it.Forms) == 0 {
			line.Items, line.Reason = nil, empty
			break
		}
	}
	return line
}

// split returns the two sides of a pair: "X | Y", or "chemical X influences
// disease Y" as older training data has it.
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

// bullet cuts a bullet, a number, or a bullet and a number from the front of s,
// and tells whether there was any.
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

// number returns the length of "1. ", "1) " or "(1) " at the front of s; 0 if s
// begins with none of them.
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

// item returns the forms of s: first bare, without quotes and punctuation around
// it; then without the outer quotes alone; then as it is; and then bare and
// without the given prefix, which is in lower case.
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

// add appends a form, unless it is there already or nothing but punctuation.
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

// unquote cuts one pair of quotes, or of marks of emphasis, from around s.
func unquote(text string, s span) span {
	for _, q := range [][2]string{{"**", "**"}, {`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"*", "*"}} {
		t := s.of(text)
		if len(t) > len(q[0])+len(q[1]) && strings.HasPrefix(t, q[0]) && strings.HasSuffix(t, q[1]) {
			return span{s.start + len(q[0]), s.end - len(q[1])}
		}
	}
	return s
}

// trim cuts white space from both ends of s.
func trim(s span, text string) span {
	t := strings.TrimLeftFunc(s.of(text), unicode.IsSpace)
	s.start = s.end - len(t)
	s.end = s.start + len(strings.TrimRightFunc(t, unicode.IsSpace))
	return s
}

// asciiLower lowers ASCII letters only, so that offsets stay, in text that isn't
// UTF-8 too.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
