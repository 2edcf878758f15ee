package ground

import (
	"sort"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the form of s in which items and articles are compared: lower
// case, compatibility decomposition, and one character each for white space,
// hyphens and quotes.
func Fold(s string) string { return string(fold(s, false, nil)) }

// squeeze returns Fold(s) without hyphens and white space.
func squeeze(s string) string { return string(fold(s, true, nil)) }

// fold folds s, without hyphens and white space if squeezed, and notes in m, if
// it isn't nil, where the bytes of the result come from.
//
// White space after a hyphen and before a word is left out, so that "ben-\nign"
// becomes "ben-ign".
func fold(s string, squeezed bool, m *offsets) []byte {
	out := make([]byte, 0, len(s))
	hyphenated := false // the result so far ends with a hyphen
	for i := 0; i < len(s); {
		c := s[i]
		if c > ' ' && c < utf8.RuneSelf && c != '-' && c != '`' {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			m.linear(len(out), i)
			out = append(out, c)
			hyphenated = false
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsSpace(r):
			end := skipSpace(s, i)
			next, _ := utf8.DecodeRuneInString(s[end:])
			if !squeezed && !(hyphenated && word(next)) {
				m.span(len(out), i, end)
				out = append(out, ' ')
			}
			hyphenated = false
			i = end
			continue
		case ignorable(r):
		case hyphen(r):
			if squeezed {
				break
			}
			hyphenated = true
			m.span(len(out), i, i+size)
			out = append(out, '-')
		default:
			hyphenated = false
			from := len(out)
			out = appendFolded(out, s[i:i+size], r)
			if len(out)-from == size && utf8.RuneCount(out[from:]) == 1 {
				m.linear(from, i)
			} else if len(out) > from {
				m.atom(from, i, i+size)
			}
		}
		i += size
	}
	return out
}

// skipSpace returns the offset of the first character from byte i of s on that
// isn't white space.
func skipSpace(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += size
	}
	return i
}

// appendFolded appends the compatibility decomposition, in lower case, of the
// character char, whose code point is r. Quotes become ' and ".
func appendFolded(out []byte, char string, r rune) []byte {
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u2032', '`', '\u00b4':
		return append(out, '\'')
	case '\u201c', '\u201d', '\u201e', '\u2033', '\u00ab', '\u00bb':
		return append(out, '"')
	}
	parts := []byte(char)
	if d := norm.NFKD.PropertiesString(char).Decomposition(); d != nil {
		parts = d
	}
	for len(parts) > 0 {
		p, size := utf8.DecodeRune(parts)
		parts = parts[size:]
		if p == 'ß' || p == 'ẞ' {
			out = append(out, "ss"...)
			continue
		}
		out = utf8.AppendRune(out, foldCase(p))
	}
	return out
}

// foldCase returns the lower case of r, and one and the same letter for all that
// differ in case only, such as σ, ς and Σ.
func foldCase(r rune) rune {
	first := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		first = min(first, o)
	}
	return unicode.ToLower(first)
}

// hyphen tells whether r is a hyphen, a minus sign or a dash: models write one for
// another.
func hyphen(r rune) bool {
	return r == '-' || r == '\u2212' || r >= 0x2010 && unicode.Is(unicode.Pd, r)
}

// ignorable tells whether readers don't see r: soft hyphens, zero-width
// characters, direction marks.
func ignorable(r rune) bool {
	return r >= utf8.RuneSelf && r != zeroWidthJoiner && unicode.Is(unicode.Cf, r)
}

// offsets maps the bytes of a folded text to those of its source, in runs. Within
// a linear run, bytes correspond one to one. An atom is a run that corresponds to
// its source only as a whole: "ﬁ" becomes the two bytes "fi", neither of which has
// a place of its own in the source.
type offsets struct{ runs []run }

// run begins at byte folded of the folded text and ends where the next begins.
type run struct {
	folded, source int32
	end            int32 // of an atom: where its source ends; 0 for a linear run
}

// linear notes that byte folded comes from byte source. A nil m notes nothing.
func (m *offsets) linear(folded, source int) {
	if m == nil {
		return
	}
	if n := len(m.runs); n > 0 {
		last := m.runs[n-1]
		if last.end == 0 && folded-int(last.folded) == source-int(last.source) {
			return
		}
	}
	m.runs = append(m.runs, run{folded: int32(folded), source: int32(source)})
}

// atom notes that the bytes from folded on come from the bytes [source, end).
func (m *offsets) atom(folded, source, end int) {
	if m != nil {
		m.runs = append(m.runs, run{folded: int32(folded), source: int32(source), end: int32(end)})
	}
}

// span notes that the one byte folded comes from the bytes [source, end).
func (m *offsets) span(folded, source, end int) {
	if end-source == 1 {
		m.linear(folded, source)
	} else {
		m.atom(folded, source, end)
	}
}

// source returns the bytes [start, end) of the source that the folded bytes
// [from, to) come from; false where from or to lies within an atom. The folded
// text has foldedLen bytes.
func (m *offsets) source(from, to, foldedLen int) (start, end int, ok bool) {
	i := m.find(from)
	if r := m.runs[i]; r.end == 0 {
		start = int(r.source) + from - int(r.folded)
	} else if start = int(r.source); from != int(r.folded) {
		return 0, 0, false
	}
	i = m.find(to - 1)
	if r := m.runs[i]; r.end == 0 {
		return start, int(r.source) + to - int(r.folded), true
	}
	next := foldedLen
	if i+1 < len(m.runs) {
		next = int(m.runs[i+1].folded)
	}
	return start, int(m.runs[i].end), to == next
}

// find returns the index of the run that has the folded byte at.
func (m *offsets) find(at int) int {
	return sort.Search(len(m.runs), func(i int) bool { return int(m.runs[i].folded) > at }) - 1
}
