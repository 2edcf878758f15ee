package ner

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/internal/ground"
)

// A greedy answer is one list of many that the model finds likely. Where an
// item begins, the likeliest token hides others; where the list ends, another
// line may have been nearly as likely. explore writes out what the model held
// likelier than a bound at these two places, one line each. Since the answer so
// far is in the prefix cache, a line costs its own tokens only.

const (
	// ranked is the number of likeliest tokens that are considered at each place.
	ranked = 8
	// maxLine bounds the tokens of an answer up to the end of such a line.
	maxLine = 96
)

// explore first goes on with the answer past its end, as long as the
// probabilities of going on, multiplied over all ends passed, stay above the
// bound. It then returns the answer, followed by the lines that it might have
// had.
func (e *Extractor) explore(ctx context.Context, q question, whole attempt, answer reply) ([]reply, error) {
	least := math.Log(e.alternatives)
	for passed := 0.0; ; {
		more, ok := e.lineAfter(answer)
		if passed += float64(more.LogProb); !ok || passed < least {
			break
		}
		longer := whole
		longer.prefix = append(slices.Clone(answer.tokens[:len(answer.tokens)-1]), more)
		longer.unmasked = answer.unmasked
		var err error
		if answer, err = e.answer(ctx, q, longer); err != nil {
			return nil, err
		}
	}
	replies := []reply{answer}
	known := itemsOf(answer.text)
	for _, b := range e.branches(q, whole.index, answer, least) {
		if known.begin(b.item) {
			continue
		}
		line := whole
		line.prefix, line.oneLine = b.prefix, true
		r, err := e.write(ctx, q, line)
		if err != nil {
			return nil, err
		}
		r = r.without(b.before)
		r.variant = true
		known = append(known, itemsOf(r.text)...)
		replies = append(replies, r)
	}
	return replies, nil
}

// lineAfter returns the likeliest token that would have begun another line
// where an answer ended by itself.
func (e *Extractor) lineAfter(answer reply) (model.Token, bool) {
	n := len(answer.tokens)
	if n == 0 || answer.looped || !e.stops(answer.tokens[n-1].ID) {
		return model.Token{}, false
	}
	mark := "\n"
	if answer.text == "" {
		mark = "-"
	}
	last := answer.tokens[n-1]
	for _, t := range last.Top {
		if strings.HasPrefix(string(e.tokenizer.TokenBytes(t.ID)), mark) && !e.stops(t.ID) {
			last.ID, last.LogProb = t.ID, t.LogProb
			return last, true
		}
	}
	return model.Token{}, false
}

// branch is the beginning of an answer that differs in its last token: the
// answer's own tokens up to some place, and another token there.
type branch struct {
	prefix  []model.Token
	before  int     // tokens of the prefix before its last line
	item    string  // what the line has of its item, folded
	logProb float32 // of the last token
}

// branches returns the branches of at least the given log-probability, the
// likeliest first. A branch is off where an item of the answer, or a pair's
// second side, begins.
func (e *Extractor) branches(q question, index *constraint.Article, answer reply, least float64) []branch {
	var mask *constraint.Automaton
	if index != nil {
		mask = index.Start(grammar(q.task))
	}
	var all []branch
	line, from := 0, 0 // the first token and the first byte of the current line
	for i, t := range answer.tokens[:len(answer.ends)] {
		start := 0
		if i > 0 {
			start = answer.ends[i-1]
		}
		if item, ok := strings.CutPrefix(answer.text[from:start], "-"); ok && sideBegins(item) {
			for _, o := range t.Top {
				text := string(e.tokenizer.TokenBytes(o.ID))
				if o.ID == t.ID || float64(o.LogProb) < least || e.stops(o.ID) || strings.TrimSpace(text) == "" || strings.Contains(text, "\n") {
					continue
				}
				if mask != nil && !allows(mask.Allowed(), o.ID) {
					continue
				}
				other := t
				other.ID, other.LogProb, other.Top = o.ID, o.LogProb, nil
				all = append(all, branch{append(slices.Clone(answer.tokens[:i]), other), line, foldItem(item + text), o.LogProb})
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
	slices.SortStableFunc(all, func(a, b branch) int { return cmp.Compare(b.logProb, a.logProb) })
	return all
}

// sideBegins reports whether an item, or a pair's second side, begins after
// what a line has after its bullet.
func sideBegins(written string) bool {
	written = strings.TrimRight(written, " ")
	return written == "" || strings.HasSuffix(written, "|")
}

// allows reports whether a bitmap of ids has one.
func allows(mask []uint64, id int32) bool {
	return int(id/64) < len(mask) && mask[id/64]>>(id%64)&1 == 1
}

// items holds what an answer lists, folded, so that prefixes can be compared.
type items []string

// itemsOf returns the items of an answer.
func itemsOf(answer string) items {
	var all items
	for line := range strings.Lines(answer) {
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "-"); ok {
			all = append(all, foldItem(item))
		}
	}
	return all
}

func foldItem(item string) string { return strings.TrimLeft(ground.Fold(item), " ") }

// begin reports whether any item begins with a text.
func (l items) begin(text string) bool {
	return slices.ContainsFunc(l, func(item string) bool { return strings.HasPrefix(item, text) })
}

// without returns the reply without its first n tokens.
func (r reply) without(n int) reply {
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
