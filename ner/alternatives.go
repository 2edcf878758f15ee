package ner

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/internal/ground"
)

// A greedy answer holds one list of many that the model finds likely. Where an
// item begins, the likeliest token hides others; where the list ends, going on
// may have been nearly as likely. explore writes out what the model held
// likelier than a bound there, one line each. Since the answer so far is in the
// prefix cache, a line costs its own tokens only.

const (
	// ranked is the number of tokens considered at each place.
	ranked = 8
	// maxLine bounds the tokens of a line.
	maxLine = 96
)

// explore overrules an answer's end while going on is likely enough, all ends
// together, and returns the answer with the lines that it might have had.
func (e *Extractor) explore(ctx context.Context, q question, whole attempt, answer reply) ([]reply, error) {
	least := math.Log(e.alternatives)
	for odds := 0.0; ; {
		more, ok := e.goingOn(answer)
		if odds += float64(more.LogProb); !ok || odds < least {
			break
		}
		longer := whole
		longer.begun, longer.freed = append(slices.Clone(answer.tokens[:len(answer.tokens)-1]), more), answer.freed
		var err error
		if answer, err = e.answer(ctx, q, longer); err != nil {
			return nil, err
		}
	}
	replies := []reply{answer}
	known := listed(answer.text)
	for _, b := range e.branches(q, whole.index, answer, least) {
		if known.has(b.text) {
			continue
		}
		line := whole
		line.begun, line.line = b.begun, true
		r, err := e.write(ctx, q, line)
		if err != nil {
			return nil, err
		}
		r = r.from(b.line)
		r.line = true
		known = append(known, listed(r.text)...)
		replies = append(replies, r)
	}
	return replies, nil
}

// goingOn is the likeliest token that would have continued an answer which
// ended by itself.
func (e *Extractor) goingOn(answer reply) (model.Token, bool) {
	n := len(answer.tokens)
	if n == 0 || answer.looped || !e.stops(answer.tokens[n-1].ID) {
		return model.Token{}, false
	}
	last := answer.tokens[n-1]
	for _, t := range last.Top {
		begins := strings.HasPrefix(string(e.tokenizer.TokenBytes(t.ID)), "\n")
		if answer.text == "" {
			begins = strings.HasPrefix(string(e.tokenizer.TokenBytes(t.ID)), "-")
		}
		if begins && !e.stops(t.ID) {
			last.ID, last.LogProb = t.ID, t.LogProb
			return last, true
		}
	}
	return model.Token{}, false
}

// branch is an answer up to a token that it doesn't have.
type branch struct {
	begun   []model.Token
	line    int    // the number of tokens before its last line
	text    string // of that line, as items are listed
	logProb float32
}

// branches are those of at least the given log-probability, the likeliest
// first, each text once.
func (e *Extractor) branches(q question, index *constraint.Article, answer reply, least float64) []branch {
	var mask *constraint.Automaton
	if index != nil {
		mask = index.Start(grammar(q.task))
	}
	var all []branch
	line, from := 0, 0 // the line's first token, and its first byte
	for i, t := range answer.tokens[:len(answer.ends)] {
		start := 0
		if i > 0 {
			start = answer.ends[i-1]
		}
		if item, ok := strings.CutPrefix(answer.text[from:start], "-"); ok && begins(item) {
			for _, o := range t.Top {
				text := string(e.tokenizer.TokenBytes(o.ID))
				if o.ID == t.ID || float64(o.LogProb) < least || e.stops(o.ID) || strings.TrimSpace(text) == "" || strings.Contains(text, "\n") {
					continue
				}
				if mask != nil && !has(mask.Allowed(), o.ID) {
					continue
				}
				first := t
				first.ID, first.LogProb, first.Top = o.ID, o.LogProb, nil
				all = append(all, branch{append(slices.Clone(answer.tokens[:i]), first), line, listedAs(item + text), o.LogProb})
			}
		}
		if mask != nil {
			mask.Accept(t.ID)
		}
		if end := answer.ends[i]; strings.Contains(answer.text[start:end], "\n") {
			line, from = i, start+strings.LastIndexByte(answer.text[start:end], '\n')+1
			if from == end {
				line = i + 1
			}
		}
	}
	slices.SortStableFunc(all, func(a, b branch) int {
		switch {
		case a.logProb > b.logProb:
			return -1
		case a.logProb < b.logProb:
			return 1
		}
		return 0
	})
	return all
}

// begins says whether an item, or a pair's second side, begins after what a
// line has after its bullet.
func begins(written string) bool {
	written = strings.TrimRight(written, " ")
	return written == "" || strings.HasSuffix(written, "|")
}

func has(mask []uint64, id int32) bool {
	return int(id/64) < len(mask) && mask[id/64]>>(id%64)&1 == 1
}

// lines are the items of an answer, so spelled that what begins alike is alike.
type lines []string

func listed(answer string) lines {
	var all lines
	for line := range strings.Lines(answer) {
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "-"); ok {
			all = append(all, listedAs(item))
		}
	}
	return all
}

func listedAs(item string) string { return strings.TrimLeft(ground.Fold(item), " ") }

// has says whether any line begins so.
func (l lines) has(text string) bool {
	return slices.ContainsFunc(l, func(line string) bool { return strings.HasPrefix(line, text) })
}

// from is a reply without its first n tokens.
func (r reply) from(n int) reply {
	if n == 0 {
		return r
	}
	cut := r.ends[n-1]
	r.text, r.tokens, r.ends = r.text[cut:], r.tokens[n:], slices.Clone(r.ends[n:])
	for i := range r.ends {
		r.ends[i] -= cut
	}
	return r
}
