package model

import (
	"context"
	"runtime"
	"testing"

	"github.com/medner/medner/model/internal/backend"
)

// mute is a backend that writes ids in turn and allocates nothing.
type mute struct{ toy }

func (b *mute) NewCache() backend.Cache { b.caches.Add(1); return &muteCache{b: b} }

func (b *mute) Step(_ context.Context, spans []backend.Span) error {
	for _, s := range spans {
		c := s.Cache.(*muteCache)
		c.n += len(s.Tokens)
		for i, r := range s.Rows {
			r.Choice.ID = int32((c.n + i) * 7 % toyVocab)
			r.Choice.ProbeLogProbs = r.Choice.ProbeLogProbs[:0]
			for range r.Rule.Probes {
				r.Choice.ProbeLogProbs = append(r.Choice.ProbeLogProbs, -1)
			}
		}
	}
	return nil
}

type muteCache struct {
	b *mute
	n int
}

func (c *muteCache) Len() int                 { return c.n }
func (c *muteCache) Truncate(n int)           { c.n = n }
func (c *muteCache) Bytes() int64             { return 0 }
func (c *muteCache) Fork(n int) backend.Cache { c.b.caches.Add(1); return &muteCache{c.b, n} }
func (c *muteCache) Close()                   { c.b.caches.Add(-1) }

// all is a constraint with one mask for every position.
type all struct{ mask []uint64 }

func (c *all) Allowed() []uint64 { return c.mask }
func (c *all) Accept(int32)      {}
func (c *all) Fork() Constraint  { return c }

// TestTokensAllocateNothing: the number of a request's allocations grows with the
// logarithm of its output's length, as that of slices does.
func TestTokensAllocateNothing(t *testing.T) {
	b := &mute{}
	m := modelOf(t, b, &b.toy, Options{Context: 100_000})
	mask := []uint64{^uint64(0), ^uint64(0)}
	allocations := func(n int) float64 {
		return testing.AllocsPerRun(3, func() {
			_, err := m.Generate(t.Context(), Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: n, RepetitionPenalty: 1.1,
				Probe: []int32{4, 5}, Constraint: &all{mask}, Stop: []int32{}})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	runtime.GC()
	few, many := allocations(1000), allocations(9000)
	t.Logf("%.0f and %.0f allocations, %.3f a token", few, many, (many-few)/8000)
	if (many-few)/8000 > 0.05 {
		t.Errorf("%.0f allocations for 1000 tokens, %.0f for 9000", few, many)
	}
}
