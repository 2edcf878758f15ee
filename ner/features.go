package ner

import (
	"math"
	"slices"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/tokenizer"
)

// probes holds the ids whose probabilities tell whether an item has ended.
type probes struct {
	ids   []int32
	stops int // ids[:stops] end an answer
	line  int // the place in ids of the end of a line; -1: the vocabulary has no such token
	bar   int // the place in ids of the bar between a pair's sides; -1: none
}

func newProbes(g Generator, t *tokenizer.Tokenizer) probes {
	p := probes{ids: slices.Clone(g.StopIDs()), line: -1, bar: -1}
	p.stops = len(p.ids)
	// last adds the last token of a text to the probes, if it is the wanted one.
	last := func(text, want string) int {
		ids := t.Encode(text, tokenizer.EncodeOptions{}).IDs
		if len(ids) == 0 || string(t.TokenBytes(ids[len(ids)-1])) != want {
			return -1
		}
		p.ids = append(p.ids, ids[len(ids)-1])
		return len(p.ids) - 1
	}
	p.line = last("a\n", "\n")
	p.bar = last("a |", " |")
	return p
}

// features describes the item at bytes [start, end) of a reply by the
// probabilities of its tokens and of its end. The first side of a pair ends with
// the bar.
func (e *Extractor) features(r *reply, start, end int, firstSide bool) confidence.Features {
	// A token belongs to the item if one of the item's bytes is the token's.
	from := 0
	for from < len(r.ends)-1 && r.ends[from] <= start {
		from++
	}
	to := from
	for to < len(r.ends) && (to == from || r.ends[to-1] < end) {
		to++
	}
	var logProbs []float32
	for _, t := range r.tokens[from:to] {
		logProbs = append(logProbs, t.LogProb)
	}
	if len(logProbs) == 0 {
		return confidence.Of([]float32{float32(math.Inf(-1))}, math.Inf(-1))
	}
	// The item's last token may hold the end too; else the next token is the end.
	ending := 0.0
	if r.ends[to-1] == end && to < len(r.tokens) {
		ending = e.probes.ending(r.tokens[to], firstSide)
	}
	return confidence.Of(logProbs, ending)
}

// ending returns the logarithm of the probability that an item ended where it
// did, from the probes taken at the token that follows it.
func (p probes) ending(next model.Token, firstSide bool) float64 {
	var logs []float64
	add := func(i int) {
		if i >= 0 && i < len(next.Probes) {
			logs = append(logs, float64(next.Probes[i]))
		}
	}
	if firstSide {
		add(p.bar)
	} else {
		for i := range p.stops {
			add(i)
		}
		add(p.line)
	}
	if len(logs) == 0 {
		return float64(next.LogProb)
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(l)
	}
	return math.Log(sum)
}
