package jinja

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// A span is a range of bytes.
type span struct{ from, to int }

// text is an immutable string that remembers which of its bytes were typed by
// the author of a message. Whatever a template does with a message (trims,
// splits, joins or escapes it), the bytes keep their origin.
type text struct {
	s string
	// typed holds the ranges of s that come from messages: not empty,
	// ascending, and with other bytes between them.
	typed []span
}

// plain returns a text of the template's own.
func plain(s string) text { return text{s: s} }

// typedText returns a text that is a message's.
func typedText(s string) text {
	if s == "" {
		return text{}
	}
	return text{s, []span{{0, len(s)}}}
}

// slice returns the bytes from and up to the given offsets.
func (t text) slice(from, to int) text {
	out := text{s: t.s[from:to]}
	first := sort.Search(len(t.typed), func(i int) bool { return t.typed[i].to > from })
	for _, p := range t.typed[first:] {
		if p.from >= to {
			break
		}
		if a, b := max(p.from, from), min(p.to, to); a < b {
			out.typed = append(out.typed, span{a - from, b - from})
		}
	}
	return out
}

// pieces calls do for each longest range of t that has one origin.
func (t text) pieces(do func(s string, typed bool)) {
	at := 0
	for _, p := range t.typed {
		if at < p.from {
			do(t.s[at:p.from], false)
		}
		do(t.s[p.from:p.to], true)
		at = p.to
	}
	if at < len(t.s) {
		do(t.s[at:], false)
	}
}

// mapPieces applies f to each piece of t; the results keep their origins.
func (t text) mapPieces(f func(string) string) text {
	var b builder
	t.pieces(func(s string, typed bool) { b.write(f(s), typed) })
	return b.text()
}

// mapRunes applies f to each character of t; the results keep their origins. A
// byte that isn't UTF-8 is left as it is.
func (t text) mapRunes(f func(r rune) string) text {
	return t.mapPieces(func(s string) string {
		var out strings.Builder
		for s != "" {
			r, n := utf8.DecodeRuneInString(s)
			if r == utf8.RuneError && n == 1 {
				out.WriteString(s[:1])
			} else {
				out.WriteString(f(r))
			}
			s = s[n:]
		}
		return out.String()
	})
}

// offsets returns where each character of s begins, and len(s).
func offsets(s string) []int {
	out := make([]int, 0, len(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}

// fields cuts t at runs of white space, at most n times if n isn't negative; the
// last part then holds the rest.
func (t text) fields(n int) []text {
	var out []text
	end := len(strings.TrimRightFunc(t.s, isSpace))
	for at := 0; ; {
		at = len(t.s) - len(strings.TrimLeftFunc(t.s[at:], isSpace))
		if at >= end {
			return out
		}
		if n >= 0 && len(out) >= n {
			return append(out, t.slice(at, len(t.s)))
		}
		length := strings.IndexFunc(t.s[at:end], isSpace)
		if length < 0 {
			return append(out, t.slice(at, end))
		}
		out = append(out, t.slice(at, at+length))
		at += length
	}
}

// split cuts t at each separator, at most n times if n isn't negative.
func (t text) split(separator string, n int) []text {
	var out []text
	at := 0
	for n < 0 || len(out) < n {
		i := strings.Index(t.s[at:], separator)
		if i < 0 {
			break
		}
		out = append(out, t.slice(at, at+i))
		at += i + len(separator)
	}
	return append(out, t.slice(at, len(t.s)))
}

func (t text) trimLeft(of func(rune) bool) text {
	return t.slice(len(t.s)-len(strings.TrimLeftFunc(t.s, of)), len(t.s))
}

func (t text) trimRight(of func(rune) bool) text {
	return t.slice(0, len(strings.TrimRightFunc(t.s, of)))
}

// replace puts another text in place of the first n occurrences of old, or of
// all if n is negative. An empty old stands before each character and at the end.
func (t text) replace(old string, with text, n int) text {
	var b builder
	if old == "" {
		at := offsets(t.s)
		for i, from := range at {
			if n < 0 || i < n {
				b.add(with)
			}
			if i+1 < len(at) {
				b.add(t.slice(from, at[i+1]))
			}
		}
		return b.text()
	}
	for i, part := range t.split(old, n) {
		if i > 0 {
			b.add(with)
		}
		b.add(part)
	}
	return b.text()
}

// builder makes a text of parts.
type builder struct {
	s     strings.Builder
	typed []span
}

func (b *builder) write(s string, typed bool) {
	if s == "" {
		return
	}
	from := b.s.Len()
	b.s.WriteString(s)
	if !typed {
		return
	}
	if n := len(b.typed); n > 0 && b.typed[n-1].to == from {
		b.typed[n-1].to = b.s.Len()
	} else {
		b.typed = append(b.typed, span{from, b.s.Len()})
	}
}

func (b *builder) add(t text) { t.pieces(b.write) }

func (b *builder) text() text { return text{b.s.String(), b.typed} }
