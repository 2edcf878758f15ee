package ground

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
)

// Article is a text in which items can be found. It is safe for concurrent use.
type Article struct {
	text     string
	index    *document.Index
	exact    *folded        // with hyphens and white space
	squeezed func() *folded // without; made when it is first needed
}

// folded is a folded article, and where its bytes come from in the article.
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

// Find returns where an item occurs, in code points, in order of the starts;
// occurrences may overlap. An item without a letter or digit is never found.
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

// Index returns the index that converts between bytes and code points of the
// article.
func (a *Article) Index() *document.Index { return a.index }

// find returns the places in the article at which f has item, which is folded as
// f is.
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
		if ok && Boundary(a.text, start) && Ends(a.text, end) {
			s, _ := a.index.CodePoint(start)
			e, _ := a.index.CodePoint(end)
			spans = append(spans, document.Span{Start: s, End: e})
		}
		_, size := utf8.DecodeRuneInString(f.text[i:])
		from = i + size
	}
	return spans
}

// Folded returns the folded article, and for each of its bytes and for its end
// whether a mention may start there, and whether one may end there. Package
// constraint makes automata of it.
func (a *Article) Folded() (text string, starts, ends []bool) {
	f := a.exact
	n := len(f.text)
	starts, ends = make([]bool, n+1), make([]bool, n+1)
	for i, r := range f.runs {
		next, source := n, int(r.source)
		if i+1 < len(f.runs) {
			next = int(f.runs[i+1].folded)
		}
		first := int(r.folded)
		if r.end != 0 {
			starts[first] = Boundary(a.text, source)
			ends[next] = Ends(a.text, int(r.end))
			continue
		}
		// The bytes of a linear run correspond one to one. Those within a
		// character (0b10xxxxxx) are no boundary.
		for at := first; at < next; at++ {
			starts[at] = f.text[at]&0xc0 != 0x80 && Boundary(a.text, source+at-first)
			ends[at+1] = (at+1 == n || f.text[at+1]&0xc0 != 0x80) && Ends(a.text, source+at+1-first)
		}
	}
	return f.text, starts, ends
}
