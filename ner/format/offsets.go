package format

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

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

// mismatch describes a claim that is wrong.
type mismatch struct {
	where, found, want string
}

// locate returns the first unit in which all claims are right, and the spans of
// each claim in code points. If there is none, it returns the first claim that is
// wrong in code points.
func locate(text string, claims []claim) ([][]document.Span, unit, *mismatch) {
	x := document.NewIndex(text)
	spans, bad := resolve(x, text, claims, codePoints)
	if bad == nil {
		return spans, codePoints, nil
	}
	units := []unit{}
	if x.Len() != len(text) {
		units = append(units, byteUnits, utf16Units)
	}
	if strings.Contains(text, "\r\n") {
		units = append(units, lineEndUnits)
	}
	for _, u := range units {
		if spans, other := resolve(x, text, claims, u); other == nil {
			return spans, u, nil
		}
	}
	return nil, codePoints, bad
}

// resolve returns the spans of each claim in code points if all are right in unit
// u, else the first that is wrong.
func resolve(x *document.Index, text string, claims []claim, u unit) ([][]document.Span, *mismatch) {
	ruler := newRuler(text, x.Len(), u)
	out := make([][]document.Span, len(claims))
	for i, c := range claims {
		var parts []string
		for j, s := range c.spans {
			span, ok := ruler.span(s, c.bases[j])
			if !ok || span.End <= span.Start {
				found := fmt.Sprintf("offsets %d to %d", s.Start, s.End)
				return nil, &mismatch{where: c.where, found: found, want: wantMention(c, x, text)}
			}
			part, ok := x.Slice(span)
			if !ok {
				found := fmt.Sprintf("offsets %d to %d outside the text of %d code points", s.Start, s.End, x.Len())
				return nil, &mismatch{where: c.where, found: found, want: wantMention(c, x, text)}
			}
			parts = append(parts, part)
			out[i] = append(out[i], span)
		}
		if c.unchecked || len(parts) == 0 || sameMention(c.mention, out[i], parts, x) {
			continue
		}
		found := fmt.Sprintf("%s at %d to %d", quote(strings.Join(parts, " ")), c.spans[0].Start, c.spans[len(c.spans)-1].End)
		return nil, &mismatch{where: c.where, found: found, want: wantMention(c, x, text)}
	}
	return out, nil
}

// wantMention returns the words for what a claim should find in the text.
func wantMention(c claim, x *document.Index, text string) string {
	if c.unchecked {
		return "a span within the text"
	}
	want := quote(c.mention)
	if at := strings.Index(text, c.mention); c.mention != "" && at >= 0 {
		n, _ := x.CodePoint(at)
		return fmt.Sprintf("%s (which is at %d; neither code points, bytes nor UTF-16 units fit)", want, n)
	}
	return want + ", in code points, bytes or UTF-16 units"
}

// sameMention tells whether a file states the mention that the text has, in parts
// at spans. Line breaks and tabs, which most formats can't hold, equal spaces. The
// parts of a discontinuous mention may be joined by a space, by nothing, or by the
// text between them.
func sameMention(mention string, spans []document.Span, parts []string, x *document.Index) bool {
	mention = flat(mention)
	if mention == flat(strings.Join(parts, " ")) {
		return true
	}
	if len(parts) == 1 {
		return false
	}
	whole, ok := x.Slice(document.Span{Start: spans[0].Start, End: spans[len(spans)-1].End})
	return mention == flat(strings.Join(parts, "")) || ok && mention == flat(whole)
}

var flatten = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// flat replaces each tab, line feed and carriage return by a space.
func flat(s string) string { return flatten.Replace(s) }

// ruler converts offsets from a unit to code points.
type ruler struct {
	// marks[i] is the offset, in the unit, of code point i; the text's end is the
	// last. It is nil if the unit is code points.
	marks []int32
}

// newRuler returns the ruler for a text of length code points.
func newRuler(text string, length int, u unit) ruler {
	if u == codePoints {
		return ruler{}
	}
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
	return ruler{append(marks, n)}
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
