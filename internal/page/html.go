package page

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strings"
)

// HTML is markup, which stands in a page as it is. Format and Escape make it of texts
// that may have any content.
type HTML string

// constant is the type of formats. It has no name outside of this package, so that
// the compiler refuses a format that isn't a constant: no text can get into a page but
// as an argument, escaped.
type constant string

// Format returns what fmt.Sprintf does, with all arguments escaped but numbers and
// HTML. An argument stands between tags or in quotes as the value of an attribute,
// never as an address, as style or as script.
func Format(format constant, args ...any) HTML {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case HTML, int, int64, float64:
			safe[i] = a
		default:
			safe[i] = Escape(fmt.Sprint(a))
		}
	}
	return HTML(fmt.Sprintf(string(format), safe...))
}

// Escape returns s as it may stand in text and in attributes. Control characters,
// which HTML can't hold, become U+FFFD.
func Escape(s string) HTML {
	return HTML(html.EscapeString(strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 {
			return 0xfffd
		}
		return r
	}, s)))
}

// Join returns parts with a separator between them.
func Join(parts []HTML, separator constant) HTML {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString(string(separator))
		}
		b.WriteString(string(p))
	}
	return HTML(b.String())
}

// Builder collects the HTML of a page, or of a part of it.
type Builder struct{ b bytes.Buffer }

// Add adds what Format returns.
func (b *Builder) Add(format constant, args ...any) {
	b.Put(Format(format, args...))
}

// Put adds markup.
func (b *Builder) Put(h HTML) { b.b.WriteString(string(h)) }

// WriteTo writes what was added, and forgets it.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	defer b.b.Reset()
	return b.b.WriteTo(w)
}
