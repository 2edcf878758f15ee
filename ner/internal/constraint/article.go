package constraint

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/internal/sentence"
)

// Article is the index of one article's spans for one vocabulary. It is safe
// for concurrent use.
type Article struct {
	v     *Vocabulary
	text  []byte  // the article's variants; end marks what no span crosses
	ends  []bool  // by byte: whether a span may end before it
	spans []spans // in order of their bytes

	mu    sync.Mutex
	masks map[state][]uint64
}

// spans are those with the same start.
type spans struct {
	start  int32
	first  int32 // length up to and with the first letter or digit
	length int32 // of the longest
}

const (
	// end marks the end of a part of the text. It sorts first; an article's
	// own NUL ends a part too.
	end = 0
	// joint stands for a space or a hyphen between words: a model may write one
	// for the other, and the item is found all the same.
	joint = ' '
	// maxSpan bounds spans in bytes; the longest mention of the CDR corpus has
	// 105.
	maxSpan = 256
	// maxMasks bounds the masks that are kept, those of wide states: there are
	// half a dozen that every answer passes through.
	maxMasks = 32
	// wide is the number of starts from which on a mask is worth keeping.
	wide = 32
)

// NewArticle indexes an article of valid UTF-8.
func NewArticle(v *Vocabulary, article string) *Article {
	a := &Article{v: v, masks: map[state][]uint64{}}
	from := 0
	for _, to := range append(sentence.Starts(article), len(article)) {
		text, starts, ends := verbatim(article[from:to])
		a.add(text, starts, ends)
		if folded, starts, ends := ground.NewArticle(article[from:to]).Folded(); folded != string(text) {
			a.add([]byte(folded), starts, ends)
		}
		from = to
	}
	slices.SortFunc(a.spans, func(x, y spans) int { return bytes.Compare(a.longest(x), a.longest(y)) })
	return a
}

func (a *Article) longest(s spans) []byte { return a.text[s.start:][:s.length] }

// verbatim is a text in lower case (of ASCII), its white space collapsed,
// with the places where spans may start and end.
func verbatim(source string) (text []byte, starts, ends []bool) {
	ends = []bool{true}
	space := false
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRuneInString(source[i:])
		if unicode.IsSpace(r) {
			if !space {
				text, starts, ends = append(text, ' '), append(starts, false), append(ends, false)
			}
			space = true
		} else {
			boundary := ground.Boundary(source, i)
			text = append(text, lower([]byte(source[i:i+size]))...)
			starts = append(starts, boundary)
			ends[len(ends)-1] = boundary
			for range size - 1 {
				starts, ends = append(starts, false), append(ends, false)
			}
			ends = append(ends, ground.Boundary(source, i+size))
			space = false
		}
		i += size
	}
	return text, append(starts, false), ends
}

// add indexes a variant; starts and ends have an entry more than text.
func (a *Article) add(text []byte, starts, ends []bool) {
	offset := len(a.text)
	a.text = append(append(a.text, text...), end)
	a.ends = append(a.ends, ends...)
	// last is the last place at which a span may end, by byte, -1 for none in
	// this part of the text.
	last := make([]int, len(text)+1)
	for i, from := 0, -1; i <= len(text); i++ {
		before, _ := utf8.DecodeLastRune(text[:i])
		a.ends[offset+i] = ends[i] && i > 0 && !unicode.IsSpace(before) && !opening(before) && !trailing(before) && !particles[lastWord(text[:i])]
		if a.ends[offset+i] {
			from = i
		}
		last[i] = from
		if i < len(text) && (text[i] == '|' || text[i] == end) {
			a.text[offset+i] = end
			from = -1
		}
	}
	part := len(text) // where the part that i lies in ends
	for i := len(text) - 1; i >= 0; i-- {
		if a.text[offset+i] == end {
			part = i
			continue
		}
		r, _ := utf8.DecodeRune(text[i:])
		if !starts[i] || unicode.IsSpace(r) || closing(r) {
			continue
		}
		to := last[min(part, i+maxSpan)]
		if to <= i {
			continue
		}
		word := bytes.IndexFunc(text[i:to], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
		if word >= 0 {
			a.spans = append(a.spans, spans{int32(offset + i), int32(word + 1), int32(to - i)})
		}
	}
	for i, b := range a.text[offset:] {
		a.text[offset+i] = joined(b)
	}
}

// joined is a byte as the index holds it.
func joined(b byte) byte {
	if b == '-' {
		return joint
	}
	return b
}

// Mentions begin with any character but a closing one, and end with any but an
// opening one.
func closing(r rune) bool {
	return trailing(r) || unicode.In(r, unicode.Pe, unicode.Pf)
}

// particles are words with which no mention ends: none of the 18,976 of the CDR
// corpus's training and development articles does. Words that are symbols or
// short forms too, in upper case, are not among them: in, as, at, on.
var particles = map[string]bool{
	"of": true, "the": true, "by": true, "with": true, "for": true, "and": true, "or": true, "from": true,
	"than": true, "that": true, "which": true, "during": true, "after": true, "was": true, "were": true,
}

// lastWord is what follows the last space or hyphen, if it is no longer than
// the longest particle.
func lastWord(text []byte) string {
	text = text[max(0, len(text)-len(" during")):]
	return string(text[bytes.LastIndexAny(text, " -")+1:])
}

func opening(r rune) bool { return unicode.In(r, unicode.Ps, unicode.Pi) }

func trailing(r rune) bool { return strings.ContainsRune(".,;:|", r) }
