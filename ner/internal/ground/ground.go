package ground

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
)

// Article is a text prepared for finding items in it. It is safe for
// concurrent use once made.
type Article struct {
	text     string
	index    *document.Index
	exact    *folded
	squeezed func() *folded
}

type folded struct {
	text string
	offsets
}

// NewArticle prepares text, which must be valid UTF-8 of less than 2 GiB.
func NewArticle(text string) *Article {
	return &Article{
		text:     text,
		index:    document.NewIndex(text),
		exact:    newFolded(text, false),
		squeezed: sync.OnceValue(func() *folded { return newFolded(text, true) }),
	}
}

func newFolded(text string, squeezed bool) *folded {
	f := &folded{}
	f.text = string(fold(text, squeezed, &f.offsets))
	return f
}

// Find returns every occurrence of an item in order of their beginnings,
// overlapping ones included. An item without a letter or digit is never found.
func (a *Article) Find(item string) []document.Span {
	if strings.IndexFunc(item, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0 {
		return nil
	}
	if spans := a.find(a.exact, strings.Trim(Fold(item), " ")); spans != nil {
		return spans
	}
	return a.find(a.squeezed(), squeeze(item))
}

// Text returns the article's own spelling of a span.
func (a *Article) Text(s document.Span) string {
	text, _ := a.index.Slice(s)
	return text
}

// Index converts between the article's bytes and code points.
func (a *Article) Index() *document.Index { return a.index }

func (a *Article) find(f *folded, item string) []document.Span {
	if item == "" {
		return nil
	}
	var spans []document.Span
	for from := 0; from+len(item) <= len(f.text); {
		i := strings.Index(f.text[from:], item)
		if i < 0 {
			break
		}
		i += from
		start, end, ok := f.source(i, i+len(item), len(f.text))
		if ok && Boundary(a.text, start) && Boundary(a.text, end) {
			s, _ := a.index.CodePoint(start)
			e, _ := a.index.CodePoint(end)
			spans = append(spans, document.Span{Start: s, End: e})
		}
		_, size := utf8.DecodeRuneInString(f.text[i:])
		from = i + size
	}
	return spans
}
