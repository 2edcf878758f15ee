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

// Article is the index of an article's spans, for one vocabulary. It is safe for
// concurrent use.
type Article struct {
	v     *Vocabulary
	text  []byte  // all sentences, each followed by end; then each again if folding changes it
	ends  []bool  // for each byte of text: whether a span may end before it
	spans []spans // sorted by the bytes of the longest span

	mu    sync.Mutex
	masks map[state][]uint64
}

// spans stands for all spans that start at one byte of the text.
type spans struct {
	start  int32 // the byte at which they start
	first  int32 // length in bytes up to and with the first letter or digit
	length int32 // length in bytes of the longest span
}

const (
	// end is the byte that no span crosses. It sorts before all others. A NUL of
	// the article has the same effect.
	end = 0
	// joint stands in the text for a space and for a hyphen: a model may write
	// one for the other, and package ground finds the item all the same.
	joint = ' '
	// maxSpan bounds the bytes of a span; the longest mention of the CDR corpus
	// has 105.
	maxSpan = 256
	// maxMasks bounds how many masks are kept: every answer passes through the
	// same half a dozen states that are worth it.
	maxMasks = 32
	// wide is the number of starts from which on a state's mask is worth keeping.
	wide = 32
)

// NewArticle indexes an article, which must be valid UTF-8.
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

// longest returns the bytes of the longest span of s.
func (a *Article) longest(s spans) []byte { return a.text[s.start:][:s.length] }

// verbatim returns source with ASCII letters in lower case and each run of white
// space as one space, and for each byte of the result and for its end whether a
// span may start there, and whether one may end there.
func verbatim(source string) (text []byte, starts, ends []bool) {
	ends = []bool{true}
	space := false
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRuneInString(source[i:])
		if unicode.IsSpace(r) {
			if !space {
				text = append(text, ' ')
				starts = append(starts, false)
				ends = append(ends, false)
			}
			space = true
		} else {
			text = append(text, lower([]byte(source[i:i+size]))...)
			starts = append(starts, ground.Boundary(source, i))
			ends[len(ends)-1] = ground.Ends(source, i)
			for range size - 1 {
				starts = append(starts, false)
				ends = append(ends, false)
			}
			ends = append(ends, ground.Ends(source, i+size))
			space = false
		}
		i += size
	}
	return text, append(starts, false), ends
}

// add indexes a sentence, where starts and ends tell of each byte of text, and of
// its end, whether boundaries let a span start or end there.
func (a *Article) add(text []byte, starts, ends []bool) {
	offset := len(a.text)
	a.text = append(append(a.text, text...), end)
	a.ends = append(a.ends, ends...)
	// Nothing crosses "|", which separates a pair, nor end: they cut the text
	// into parts. last[i] is the last place up to i in the same part at which a
	// span may end, or -1.
	last := make([]int, len(text)+1)
	latest := -1
	for i := range len(text) + 1 {
		a.ends[offset+i] = ends[i] && i > 0 && ending(text[:i])
		if a.ends[offset+i] {
			latest = i
		}
		last[i] = latest
		if i < len(text) && (text[i] == '|' || text[i] == end) {
			a.text[offset+i] = end
			latest = -1
		}
	}
	part := len(text) // where the part ends that has byte i
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
			a.spans = append(a.spans, spans{start: int32(offset + i), first: int32(word + 1), length: int32(to - i)})
		}
	}
	for i, b := range a.text[offset:] {
		a.text[offset+i] = joined(b)
	}
}

// joined returns the byte that the index has for b.
func joined(b byte) byte {
	if b == '-' {
		return joint
	}
	return b
}

// ending tells whether the last characters of text can be those of a mention.
func ending(text []byte) bool {
	r, _ := utf8.DecodeLastRune(text)
	opening := unicode.In(r, unicode.Ps, unicode.Pi)
	return !unicode.IsSpace(r) && !opening && !trailing(r) && !particles[lastWord(text)]
}

// closing tells whether no mention begins with r.
func closing(r rune) bool {
	return trailing(r) || unicode.In(r, unicode.Pe, unicode.Pf)
}

// trailing tells whether r is punctuation with which no mention begins or ends.
func trailing(r rune) bool { return strings.ContainsRune(".,;:|", r) }

// particles has words with which no mention ends: none of the 18,976 mentions of
// the CDR corpus's training and development articles does. The words in, as, at
// and on are missing, since in upper case they are symbols or short forms.
var particles = map[string]bool{
	"of": true, "the": true, "by": true, "with": true, "for": true, "and": true, "or": true, "from": true,
	"than": true, "that": true, "which": true, "during": true, "after": true, "was": true, "were": true,
}

// lastWord returns what follows the last space or hyphen of text; a word longer
// than the longest particle may lack its beginning.
func lastWord(text []byte) string {
	text = text[max(0, len(text)-len(" during")):]
	return string(text[bytes.LastIndexAny(text, " -")+1:])
}
