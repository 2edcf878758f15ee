package model

import (
	"context"
	"hash/fnv"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/choice/hostchoice"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
)

const toyVocab = 97

// toy is a backend whose logits are hashes of the tokens before: mostly of the
// last two, so that texts repeat themselves and drafts are accepted, and a little
// of all, so that a wrong cache shows.
type toy struct {
	steps  atomic.Int64 // made so far
	rows   atomic.Int64 // tokens fed so far
	caches atomic.Int64 // caches that are open
	// stall, if not nil, holds up each step until something is received from it
	// (or it is closed), or the step is cancelled; entered hears of each.
	stall   chan struct{}
	entered chan struct{}
	fail    error // the error of every step
	// laid, if not nil, is shown the spans of each step.
	laid   func([]backend.Span)
	poison int32 // a prefix that begins with it has NaN logits
}

type toyCache struct {
	owner  *toy
	tokens []int32
	closed bool
}

func (c *toyCache) Len() int       { return len(c.tokens) }
func (c *toyCache) Truncate(n int) { c.tokens = c.tokens[:n] }
func (c *toyCache) Bytes() int64   { return int64(len(c.tokens)) * 100 }
func (c *toyCache) Fork(n int) backend.Cache {
	c.owner.caches.Add(1)
	return &toyCache{owner: c.owner, tokens: slices.Clone(c.tokens[:n])}
}
func (c *toyCache) Close() {
	if c.closed {
		panic("cache closed twice")
	}
	c.closed = true
	c.owner.caches.Add(-1)
}

func (b *toy) NewCache() backend.Cache {
	b.caches.Add(1)
	return &toyCache{owner: b}
}
func (b *toy) Info() backend.Info { return backend.Info{Device: "toy"} }
func (b *toy) Close() error       { return nil }

func (b *toy) Step(ctx context.Context, spans []backend.Span) error {
	b.steps.Add(1)
	if b.laid != nil {
		b.laid(spans)
	}
	if b.stall != nil {
		b.entered <- struct{}{}
		select {
		case <-b.stall:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.fail != nil {
		return b.fail
	}
	for _, s := range spans {
		c := s.Cache.(*toyCache)
		c.tokens = append(slices.Clip(c.tokens), s.Tokens...)
		b.rows.Add(int64(len(s.Tokens)))
		for i, r := range s.Rows {
			logits := b.logits(s.Adapter, c.tokens[:len(c.tokens)-len(s.Rows)+1+i])
			copy(r.Logits, logits)
			copy(r.Scores, logits) // the labels are the first ids
			if r.Rule != nil {
				choose(r.Rule, r.Choice, logits)
			}
		}
	}
	return nil
}

func hashed(words ...int32) float32 {
	h := fnv.New32a()
	for _, w := range words {
		_, _ = h.Write([]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)})
	}
	x := h.Sum32() * 2654435761
	return float32(x>>8)/(1<<23) - 1
}

func (b *toy) logits(adapter int, prefix []int32) []float32 {
	whole := int32(math.Float32bits(hashed(prefix...)))
	n := len(prefix)
	before := int32(-1)
	if n > 1 {
		before = prefix[n-2]
	}
	logits := make([]float32, toyVocab)
	for id := range logits {
		logits[id] = 4*hashed(int32(adapter), before%2, prefix[n-1], int32(id)) + 0.01*hashed(whole, int32(id))
	}
	if prefix[0] == b.poison && b.poison != 0 {
		logits[5] = float32(math.NaN())
	}
	return logits
}

// choose makes a choice in the plainest way.
func choose(r *choice.Rule, c *choice.Choice, logits []float32) {
	if r.Draws() {
		new(hostchoice.Maker).Make(logits, r, c)
		return
	}
	*c = choice.Choice{ProbeLogProbs: c.ProbeLogProbs[:0]}
	var sum float64
	for _, l := range logits {
		if l != l {
			c.Err = choice.ErrNotFinite
			return
		}
		sum += math.Exp(float64(l))
	}
	norm := float32(math.Log(sum))
	best := float32(math.Inf(-1))
	c.ID = -1
	for id, l := range logits {
		if has(r.Penalised, int32(id)) || slices.Contains(r.Drafted, int32(id)) {
			if r.Penalty != 0 {
				if l < 0 {
					l *= r.Penalty
				} else {
					l /= r.Penalty
				}
			}
		}
		if r.Allowed != nil && !has(r.Allowed, int32(id)) {
			continue
		}
		if l > best {
			best, c.ID = l, int32(id)
		}
	}
	if c.ID < 0 {
		c.Err = choice.ErrNothingAllowed
		return
	}
	c.LogProb = logits[c.ID] - norm
	for _, id := range r.Probes {
		c.ProbeLogProbs = append(c.ProbeLogProbs, logits[id]-norm)
	}
}

// plain writes what a request must bring: one token at a time, from the whole
// prefix, with no cache.
func plain(r Request, adapter int, stop []int32, limit int) ([]Token, error) {
	b := &toy{}
	tokens := slices.Clone(r.Tokens)
	if r.Stop != nil {
		stop = r.Stop
	}
	end := limit
	if r.MaxNewTokens > 0 {
		end = min(limit, len(tokens)+r.MaxNewTokens)
	}
	seen := make([]uint64, 2)
	note := func(id int32) { seen[id/64] |= 1 << (id % 64) }
	if !r.PenaltySparesPrompt {
		for _, id := range tokens {
			note(id)
		}
	}
	constraint := r.Constraint
	if constraint != nil {
		constraint = constraint.Fork()
	}
	var out []Token
	for len(tokens) < end {
		logits := b.logits(adapter, tokens)
		rule := choice.Rule{Probes: r.Probe}
		if s := r.Sampling; s.Temperature > 0 {
			rule.Sampling = choice.Sampling{Temperature: s.Temperature, TopK: s.TopK, TopP: s.TopP, Seed: s.Seed, Position: len(tokens)}
		}
		if r.RepetitionPenalty != 0 {
			rule.Penalty, rule.Penalised = r.RepetitionPenalty, seen
		}
		if constraint != nil {
			rule.Allowed = constraint.Allowed()
		}
		var c choice.Choice
		if choose(&rule, &c, logits); c.Err != nil {
			return out, c.Err
		}
		t := Token{ID: c.ID, LogProb: c.LogProb}
		if len(r.Probe) > 0 {
			t.Probes = c.ProbeLogProbs
		}
		out = append(out, t)
		tokens = append(tokens, c.ID)
		note(c.ID)
		if slices.Contains(stop, c.ID) {
			break
		}
		if constraint != nil {
			constraint.Accept(c.ID)
		}
	}
	return out, nil
}

// evenOdd allows even and odd ids in turn, and nothing after its length.
type evenOdd struct{ n, length int }

func (c *evenOdd) Allowed() []uint64 {
	if c.n >= c.length {
		return []uint64{}
	}
	return []uint64{0x5555555555555555 << (c.n % 2), 0x5555555555555555 << (c.n % 2)}
}
func (c *evenOdd) Accept(int32)     { c.n++ }
func (c *evenOdd) Fork() Constraint { copied := *c; return &copied }

// takeAll verifies every drafted id, whatever steps cost on this machine.
func takeAll(_ int, drafts []draft) {
	for i := range drafts {
		drafts[i].take = len(drafts[i].ids)
	}
}

func toyModel(t testing.TB, b *toy, o Options) *Model { return modelOf(t, b, b, o) }

// modelOf returns a model over a backend. When the test ends, all caches that
// counter counted must be closed.
func modelOf(t testing.TB, b backend.Backend, counter *toy, o Options) *Model {
	m := newModel(&arch.Config{VocabSize: toyVocab, MaxPositionEmbeddings: 400}, b, []int32{3}, []string{"first", "second"}, o)
	m.active.name = "first"
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if n := counter.caches.Load(); n != 0 {
			t.Errorf("%d caches were never closed", n)
		}
	})
	return m
}

// toyRequests returns a mix of everything that a request may ask for, over
// prompts that share prefixes.
func toyRequests() []Request {
	system := make([]int32, 30)
	for i := range system {
		system[i] = int32(i*i+7) % toyVocab
	}
	var requests []Request
	for i := range 24 {
		prompt := slices.Clone(system[:10+i%3*10])
		for j := range i % 7 * 9 {
			prompt = append(prompt, int32(i%4*31+j*j)%toyVocab)
		}
		r := Request{Tokens: prompt, MaxNewTokens: 40, Stop: []int32{}}
		switch i % 8 {
		case 1:
			r.RepetitionPenalty = 1.15
		case 2:
			r.RepetitionPenalty, r.PenaltySparesPrompt = 1.5, true
		case 3:
			r.Probe, r.Adapter = []int32{7, 0}, "second"
		case 4:
			r.Constraint = &evenOdd{length: 60}
		case 5:
			r.Constraint, r.RepetitionPenalty = &evenOdd{length: 25}, 1.3
		case 6:
			r.Stop, r.Adapter, r.MaxNewTokens = nil, Base, 0
		case 7:
			r.Stop, r.Top = []int32{11, 12, 13}, 3
		}
		switch {
		case i%4 == 1:
			r.Sampling = Sampling{Temperature: 0.2, Seed: uint64(i / 8)}
		case i%4 == 2 && i > 8:
			r.Sampling = Sampling{Temperature: 0.7, TopK: 20, TopP: 0.9, Seed: 1}
		}
		requests = append(requests, r)
	}
	return requests
}
