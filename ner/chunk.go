package ner

import (
	"math"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/internal/border"
	"github.com/medner/medner/ner/internal/sentence"
)

// chunk is a piece of an article, as a range of its bytes.
type chunk struct{ start, end int }

// Costs of cuts and pieces, in millionths of the logarithm of odds.
const (
	nat = 1_000_000
	// paragraph is what a cut at the beginning of a paragraph costs less than the
	// words say.
	paragraph = 2 * nat
	// insideSentence is what a cut inside of a sentence costs.
	insideSentence = 15 * nat
	// short is what a piece of no tokens costs; one of an eighth of the limit costs
	// nothing. So no title is a piece by itself.
	short = 8 * nat
)

// chunks cuts an article into pieces of at most limit tokens, at ends of
// sentences where there are any; tokens holds the bytes [start, end) of each
// token. It prefers ends at which the article changes its subject: what a model
// that was trained on abstracts writes about a piece is best where the piece is
// about one thing.
//
// Where the subject goes on, the second piece begins before the end of the first,
// by whole sentences of up to limit/8 tokens, so that what refers back is read with
// what it refers to; where no sentence is so short, by a part of one, so that each
// mention is whole in some piece. Blank pieces are left out.
func chunks(text string, tokens [][2]int, limit int) []chunk {
	if len(tokens) <= limit {
		return trimChunks(text, []chunk{{0, len(text)}})
	}
	c := cutter{text: text, tokens: tokens, overlap: limit / 8}
	c.units(limit - c.overlap)
	var out []chunk
	for _, p := range c.pieces(limit) {
		piece := chunk{c.all[p.first].Start, c.all[p.next-1].End}
		if c.overlaps(p.first) {
			piece.start = c.before(p.first, out[len(out)-1].start)
		}
		out = append(out, piece)
	}
	return trimChunks(text, out)
}

// cutter cuts an article.
type cutter struct {
	text    string
	tokens  [][2]int
	overlap int // tokens
	all     []border.Unit
	sizes   []int   // the units' lengths in tokens
	cost    []int64 // what a cut before a unit costs: less than nothing where the subject changes
}

// count returns the number of tokens that begin before a byte.
func (c *cutter) count(at int) int {
	return sort.Search(len(c.tokens), func(i int) bool { return c.tokens[i][0] >= at })
}

// units sets the parts that aren't cut further: sentences, and the parts of
// sentences of more than limit tokens.
func (c *cutter) units(limit int) {
	cuts, inside := c.cutPoints(limit)
	for i, start := range cuts[:len(cuts)-1] {
		c.all = append(c.all, border.Unit{Start: start, End: cuts[i+1]})
		c.sizes = append(c.sizes, c.count(cuts[i+1])-c.count(start))
	}
	begins := paragraphs(c.text)
	for i, odds := range border.Changes(c.text, c.all) {
		cost := -int64(math.Round(odds * nat)) // integers, so that all machines cut alike
		switch at := c.all[i].Start; {
		case inside[at]:
			cost = insideSentence
		case begins(at):
			cost -= paragraph
		}
		c.cost = append(c.cost, cost)
	}
}

// overlaps reports whether the piece that begins with a unit also has the end of
// the piece before it: where the subject goes on.
func (c *cutter) overlaps(unit int) bool { return unit > 0 && c.cost[unit] >= 0 }

// paragraphs returns a function that reports whether a paragraph begins at a byte:
// behind a blank line; or behind any end of a line, where the text has hardly any
// inside of sentences.
func paragraphs(text string) func(at int) bool {
	lines := strings.Count(text, "\n")
	between := 0
	for _, start := range sentence.Starts(text) {
		if strings.Contains(text[blankBefore(text, start):start], "\n") {
			between++
		}
	}
	least := 2
	if 10*between >= 9*lines {
		least = 1
	}
	return func(at int) bool { return strings.Count(text[blankBefore(text, at):at], "\n") >= least }
}

// blankBefore returns where the white space begins that ends at a byte.
func blankBefore(text string, at int) int {
	return len(strings.TrimRightFunc(text[:at], unicode.IsSpace))
}

// run is the units [first, next).
type run struct{ first, next int }

// pieces joins units to pieces of at most limit tokens, overlap included: those
// that cost least. Short pieces cost extra.
func (c *cutter) pieces(limit int) []run {
	n := len(c.all)
	cost := make([]int64, n+1) // of the pieces up to a unit
	from := make([]int, n+1)   // where the last of these pieces begins
	for next := 1; next <= n; next++ {
		cost[next] = math.MaxInt64
		tokens := 0
		for first := next - 1; first >= 0; first-- {
			tokens += c.sizes[first]
			if first < next-1 { // a sole unit may be a character of more tokens than the limit
				if tokens > limit {
					break
				}
				if c.overlaps(first) && tokens > limit-c.overlap {
					continue
				}
			}
			sum := cost[first]
			if first > 0 {
				sum += c.cost[first]
			}
			if least := limit / 8; tokens < least {
				sum += short * int64(least-tokens) / int64(least)
			}
			if sum < cost[next] {
				cost[next], from[next] = sum, first
			}
		}
	}
	var all []run
	for next := n; next > 0; next = from[next] {
		all = append(all, run{from[next], next})
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// before returns where a piece that overlaps the piece before it begins, which
// begins at start: before unit first, by whole units or by a part of one.
func (c *cutter) before(first, start int) int {
	end := c.all[first].Start
	u := first
	for u > 0 && c.all[u-1].Start > start && c.count(end)-c.count(c.all[u-1].Start) <= c.overlap {
		u--
	}
	if u == first && c.overlap > 0 {
		at := c.tokens[max(0, c.count(end)-c.overlap)][0]
		return max(start, afterBlank(c.text, at, end))
	}
	return c.all[u].Start
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
// more than limit tokens is cut inside, at white space if there is any; inside has
// these cuts.
func (c *cutter) cutPoints(limit int) (cuts []int, inside map[int]bool) {
	cuts, inside = []int{0}, map[int]bool{}
	for _, b := range append(sentence.Starts(c.text), len(c.text)) {
		for from := cuts[len(cuts)-1]; c.count(b)-c.count(from) > limit; from = cuts[len(cuts)-1] {
			at := c.tokens[c.count(from)+limit][0]
			if i := strings.LastIndexFunc(c.text[from:at], unicode.IsSpace); i > 0 {
				_, size := utf8.DecodeRuneInString(c.text[from+i:])
				at = from + i + size
			}
			if at <= from { // a character has more than limit tokens
				_, size := utf8.DecodeRuneInString(c.text[from:])
				at = from + size
			}
			cuts = append(cuts, at)
			inside[at] = true
		}
		if b > cuts[len(cuts)-1] {
			cuts = append(cuts, b)
		}
	}
	return cuts, inside
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
