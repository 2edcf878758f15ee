package format

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// unit is the unit in which a file counts offsets.
type unit int

const (
	codePoints unit = iota
	byteUnits
	utf16Units
	lineEndUnits // code points, where a CRLF counts as one
)

var unitNames = [...]string{"code points", "bytes", "UTF-16 units", "code points with a CRLF as one"}

func (u unit) String() string { return unitNames[u] }

// claim is a file's statement about one mention. Its offsets count in a unit that
// is to be found out.
type claim struct {
	spans     []document.Span
	bases     []int  // for each span, the code point of the text from which its offsets count
	mention   string // the text at the spans
	unchecked bool   // the file doesn't state the text
	where     string // in the file, for messages
}

// layout is one way to understand the offsets of a document's mentions.
type layout struct {
	name   string // for a warning; "" for the way that the format defines
	claims []claim
}

// placed says where the mentions of a document stand.
type placed struct {
	layout layout
	unit   unit
	ruler  ruler
	blanks bool              // some mentions differ from the text in white space
	spans  [][]document.Span // of each claim, in code points; nil for a bad one
	bad    []int             // the indices of the claims that are wrong, the first at least
}

// locate returns the first layout and unit in which all claims are right: exactly,
// or else but for white space. If there is none, it returns the first claim that
// is wrong in the format's own layout in code points; with best, it returns all
// spans and bad claims of the layout and unit with the fewest bad claims.
func locate(x *document.Index, text string, layouts []layout, best bool) placed {
	if spans, bad := resolve(x, layouts[0].claims, ruler{}, false, false); bad == nil {
		return placed{layout: layouts[0], spans: spans}
	}
	rulers := rulersFor(x, text)
	for _, blanks := range []bool{false, true} {
		for _, l := range layouts {
			for _, r := range rulers {
				spans, bad := resolve(x, l.claims, r, blanks, false)
				if bad == nil {
					return placed{layout: l, unit: r.unit, ruler: r, blanks: blanks, spans: spans}
				}
			}
		}
	}
	var least placed
	for _, l := range layouts {
		for _, r := range rulers {
			spans, bad := resolve(x, l.claims, r, true, best)
			if least.bad == nil || len(bad) < len(least.bad) {
				least = placed{layout: l, unit: r.unit, ruler: r, blanks: true, spans: spans, bad: bad}
			}
			if !best {
				return least
			}
		}
	}
	return least
}

// rulersFor returns the rulers of the units in which offsets of a text may count,
// code points first.
func rulersFor(x *document.Index, text string) []ruler {
	rulers := []ruler{{}}
	if x.Len() != len(text) {
		rulers = append(rulers, newRuler(text, x.Len(), byteUnits), newRuler(text, x.Len(), utf16Units))
	}
	if strings.Contains(text, "\r\n") {
		rulers = append(rulers, newRuler(text, x.Len(), lineEndUnits))
	}
	return rulers
}

// maxUnstated bounds, in code points, what mentions span in all whose text the
// file doesn't state, or states in parts, so that a small file can't make much
// larger ones.
const maxUnstated = 16 << 20

// resolve returns the spans of each claim in code points, and the indices of the
// claims that are wrong; of the first one only, unless all are wanted. With blanks,
// white space may differ.
func resolve(x *document.Index, claims []claim, r ruler, blanks, all bool) (spans [][]document.Span, bad []int) {
	spans = make([][]document.Span, len(claims))
	unstated := 0
	for i := range claims {
		c := &claims[i]
		s, ok := c.in(x, r, blanks)
		if ok && (c.unchecked || len(s) > 1) {
			unstated += s[len(s)-1].End - s[0].Start
			ok = unstated <= maxUnstated
		}
		if ok {
			spans[i] = s
			continue
		}
		bad = append(bad, i)
		if !all {
			return spans, bad
		}
	}
	return spans, bad
}

// in returns the spans of a claim in code points, and whether they are in the text
// and the mention stands there. With blanks, white space may differ, and spans are
// returned without white space at their ends.
func (c *claim) in(x *document.Index, r ruler, blanks bool) ([]document.Span, bool) {
	spans := make([]document.Span, 0, len(c.spans))
	parts := make([]string, 0, len(c.spans))
	for j, s := range c.spans {
		span, ok := r.span(s, c.bases[j])
		if !ok || span.End <= span.Start {
			return nil, false
		}
		part, ok := x.Slice(span)
		if !ok {
			return nil, false
		}
		if blanks && !c.unchecked {
			span, part = trimSpan(span, part)
		}
		spans = append(spans, span)
		parts = append(parts, part)
	}
	switch {
	case c.unchecked, len(parts) == 0, sameMention(c.mention, spans, parts, x):
		return spans, true
	case blanks:
		return spans, sameLetters(c.mention, spans, parts, x)
	}
	return nil, false
}

// trimSpan returns a span and its text without white space at both ends, unless
// there is nothing else.
func trimSpan(s document.Span, text string) (document.Span, string) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed == text {
		return s, text
	}
	s.Start += utf8.RuneCountInString(text[:strings.Index(text, trimmed)])
	s.End = s.Start + utf8.RuneCountInString(trimmed)
	return s, trimmed
}

// mismatch returns the error for a claim that is wrong. It looks for the mention
// elsewhere in the text if search is true, which takes time.
func (c *claim) mismatch(file string, x *document.Index, text string, search bool) *badinput.Error {
	want := c.want(x, text, search)
	if len(c.spans) == 0 {
		return badinput.New(file, c.where, "no offsets", want)
	}
	first, last := c.spans[0], c.spans[len(c.spans)-1]
	parts := make([]string, 0, len(c.spans))
	for j, s := range c.spans {
		span, ok := ruler{}.span(s, c.bases[j])
		part, inside := x.Slice(span)
		switch {
		case !ok || span.End <= span.Start:
			return badinput.New(file, c.where, fmt.Sprintf("offsets %d to %d", s.Start, s.End), want)
		case !inside:
			return badinput.New(file, c.where, fmt.Sprintf("offsets %d to %d outside the text of %d code points", s.Start, s.End, x.Len()), want)
		}
		parts = append(parts, part)
	}
	return badinput.New(file, c.where, fmt.Sprintf("%s at %d to %d", quote(strings.Join(parts, " ")), first.Start, last.End), want)
}

// want returns the words for what a claim should find in the text.
func (c *claim) want(x *document.Index, text string, search bool) string {
	if c.unchecked {
		return fmt.Sprintf("a span within the text, and mentions without a text of at most %d code points in all", maxUnstated)
	}
	want := quote(c.mention)
	if search && c.mention != "" {
		if at := strings.Index(text, c.mention); at >= 0 {
			n, _ := x.CodePoint(at)
			return fmt.Sprintf("%s (which is at %d; neither code points, bytes nor UTF-16 units fit)", want, n)
		}
	}
	return want + ", in code points, bytes or UTF-16 units"
}

// sameMention tells whether a file states the mention that the text has, in parts
// at spans. Line breaks and tabs, which most formats can't hold, equal spaces. The
// parts of a discontinuous mention may be joined by a space, by nothing, or by the
// text between them.
func sameMention(mention string, spans []document.Span, parts []string, x *document.Index) bool {
	if len(parts) == 1 {
		return len(mention) == len(parts[0]) && flat(mention) == flat(parts[0])
	}
	mention = flat(mention)
	if mention == flat(strings.Join(parts, " ")) || mention == flat(strings.Join(parts, "")) {
		return true
	}
	whole, ok := x.Slice(document.Span{Start: spans[0].Start, End: spans[len(spans)-1].End})
	return ok && len(whole) == len(mention) && mention == flat(whole)
}

// sameLetters is sameMention without regard to white space and to characters that
// readers don't see.
func sameLetters(mention string, spans []document.Span, parts []string, x *document.Index) bool {
	mention = solid(mention)
	if mention == "" {
		return false
	}
	if mention == solid(strings.Join(parts, "")) {
		return true
	}
	if len(parts) == 1 {
		return false
	}
	whole, ok := x.Slice(document.Span{Start: spans[0].Start, End: spans[len(spans)-1].End})
	return ok && len(whole) <= 2*len(mention)+64 && mention == solid(whole)
}

// solid returns s without white space and format characters.
func solid(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

var flatten = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// flat replaces each tab, line feed and carriage return by a space.
func flat(s string) string {
	if !strings.ContainsAny(s, "\t\n\r") {
		return s
	}
	return flatten.Replace(s)
}

// ruler converts offsets from a unit to code points.
type ruler struct {
	unit unit
	// marks[i] is the offset, in the unit, of code point i; the text's end is the
	// last. It is nil if the unit is code points.
	marks []int32
}

// newRuler returns the ruler of a unit other than code points, for a text of length
// code points.
func newRuler(text string, length int, u unit) ruler {
	marks := make([]int32, 0, length+1)
	n := int32(0)
	for i, r := range text {
		marks = append(marks, n)
		switch {
		case u == byteUnits:
			n += int32(utf8.RuneLen(r))
		case u == utf16Units && r >= 0x10000:
			n += 2
		case u == lineEndUnits && r == '\r' && strings.HasPrefix(text[i:], "\r\n"):
		default:
			n++
		}
	}
	return ruler{unit: u, marks: append(marks, n)}
}

// span converts a span whose offsets count from code point base.
func (r ruler) span(s document.Span, base int) (document.Span, bool) {
	start, ok := r.codePoint(s.Start, base)
	if !ok {
		return document.Span{}, false
	}
	end, ok := r.codePoint(s.End, base)
	return document.Span{Start: start, End: end}, ok
}

// codePoint converts an offset that counts from code point base. It returns false
// if no code point begins there.
func (r ruler) codePoint(n, base int) (int, bool) {
	const most = 1 << 31
	if n <= -most || n >= most {
		return 0, false
	}
	if r.marks == nil {
		return base + n, base+n >= 0
	}
	if base >= len(r.marks) {
		return 0, false
	}
	n += int(r.marks[base])
	// Both bytes of a CRLF may have one offset. The first of them is meant: what
	// ends before a CRLF ends before its "\r".
	i := sort.Search(len(r.marks), func(i int) bool { return int(r.marks[i]) >= n })
	return i, i < len(r.marks) && int(r.marks[i]) == n
}
