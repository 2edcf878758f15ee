package ner

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/internal/sentence"
)

// chunk is a piece of an article, as a range of its bytes.
type chunk struct{ start, end int }

// chunks cuts an article into pieces of at most limit tokens, at ends of
// sentences where there are any; tokens holds the bytes [start, end) of each
// token. Pieces overlap by whole sentences of up to limit/8 tokens, so that what
// refers back is read with what it refers to; where no sentence is so short, they
// overlap by a part of one, so that each mention is whole in some piece. Blank
// pieces are left out.
func chunks(text string, tokens [][2]int, limit int) []chunk {
	if len(tokens) <= limit {
		return trimChunks(text, []chunk{{0, len(text)}})
	}
	// count returns the number of tokens that begin before byte b.
	count := func(b int) int { return sort.Search(len(tokens), func(i int) bool { return tokens[i][0] >= b }) }
	overlap := limit / 8
	cuts := cutPoints(text, tokens, limit-overlap, count)
	var out []chunk
	for start := 0; ; {
		from := count(start)
		last := sort.SearchInts(cuts, start+1)
		for last+1 < len(cuts) && count(cuts[last+1])-from <= limit {
			last++
		}
		end := cuts[last]
		out = append(out, chunk{start, end})
		if last == len(cuts)-1 {
			break
		}
		next := last
		for cuts[next-1] > start && count(end)-count(cuts[next-1]) <= overlap {
			next--
		}
		if start = cuts[next]; next == last && overlap > 0 {
			start = afterBlank(text, tokens[count(end)-overlap][0], end)
		}
	}
	return trimChunks(text, out)
}

// afterBlank returns the first byte behind white space from byte start of text on,
// or start if there is none before end.
func afterBlank(text string, start, end int) int {
	i := strings.IndexFunc(text[start:end], unicode.IsSpace)
	if i < 0 {
		return start
	}
	_, size := utf8.DecodeRuneInString(text[start+i:])
	if start+i+size == end {
		return start
	}
	return start + i + size
}

// cutPoints returns the beginnings of sentences and the text's end. A sentence of
// more than limit tokens is cut inside, at white space if there is any.
func cutPoints(text string, tokens [][2]int, limit int, count func(int) int) []int {
	cuts := []int{0}
	for _, b := range append(sentence.Starts(text), len(text)) {
		for from := cuts[len(cuts)-1]; count(b)-count(from) > limit; from = cuts[len(cuts)-1] {
			at := tokens[count(from)+limit][0]
			if i := strings.LastIndexFunc(text[from:at], unicode.IsSpace); i > 0 {
				_, size := utf8.DecodeRuneInString(text[from+i:])
				at = from + i + size
			}
			if at <= from { // a character has more than limit tokens
				_, size := utf8.DecodeRuneInString(text[from:])
				at = from + size
			}
			cuts = append(cuts, at)
		}
		if b > cuts[len(cuts)-1] {
			cuts = append(cuts, b)
		}
	}
	return cuts
}

// trimChunks leaves out white space at the ends of pieces, and blank pieces.
func trimChunks(text string, all []chunk) []chunk {
	var out []chunk
	for _, c := range all {
		s := strings.TrimLeftFunc(text[c.start:c.end], unicode.IsSpace)
		c.start = c.end - len(s)
		c.end = c.start + len(strings.TrimRightFunc(s, unicode.IsSpace))
		if c.start < c.end {
			out = append(out, c)
		}
	}
	return out
}
