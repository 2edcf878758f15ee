package model

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/medner/medner/internal/choice"
)

func TestConcurrentRequestsWriteTheSame(t *testing.T) {
	for name, o := range map[string]Options{
		"default":            {},
		"alone":              {Batch: 1, Draft: -1, PrefixCache: -1, PrefillChunk: 1000},
		"chunks of 1":        {PrefillChunk: 1, Draft: -1, PrefixCache: -1},
		"chunks of 7":        {PrefillChunk: 7},
		"no drafts":          {Draft: -1},
		"many drafts":        {Draft: 20, Batch: 3},
		"no prefix cache":    {PrefixCache: -1},
		"tiny prefix cache":  {PrefixCache: 6000, Batch: 2},
		"few kept positions": {PrefixTokens: 20, Batch: 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := &toy{}
			m := toyModel(t, b, o)
			m.scheduler.chooseDrafts = takeAll
			var wg sync.WaitGroup
			for i, r := range toyRequests() {
				wg.Go(func() {
					adapter, err := m.check(r.Tokens, r.Adapter)
					if err != nil {
						t.Error(err)
						return
					}
					want, wantErr := plain(r, adapter, m.stop, m.context)
					var heard []Token
					r.OnToken = func(t Token) { heard = append(heard, t) }
					got, err := m.Generate(t.Context(), r)
					if !errors.Is(err, wantErr) {
						t.Errorf("request %d: error %v, expected %v", i, err, wantErr)
						return
					}
					if len(got.Tokens) != len(want) || len(heard) != len(want) {
						t.Errorf("request %d: %d tokens, %d heard, expected %d", i, len(got.Tokens), len(heard), len(want))
						return
					}
					for j, g := range got.Tokens {
						w := want[j]
						if g.ID != w.ID || g.LogProb != w.LogProb || !slices.Equal(g.Probes, w.Probes) || heard[j].ID != g.ID {
							t.Errorf("request %d, token %d: %+v, expected %+v", i, j, g, w)
							return
						}
						if r.Top > 0 && (len(g.Top) != r.Top || g.Top[0].ID != g.ID || g.Top[0].LogProb != g.LogProb || g.Top[1].LogProb > g.Top[0].LogProb) {
							t.Errorf("request %d, token %d: top %+v", i, j, g.Top)
						}
					}
				})
			}
			wg.Wait()
			st := m.Stats()
			t.Logf("%d steps, %d rows, %d of %d drafted tokens accepted, %d prompt tokens read and %d known",
				b.steps.Load(), b.rows.Load(), st.AcceptedTokens, st.DraftedTokens, st.PromptTokens, st.CachedTokens)
			if o.Draft >= 0 && st.AcceptedTokens == 0 {
				t.Error("no drafted token was ever accepted")
			}
		})
	}
}

func TestConcurrentPrefixIsReadOnce(t *testing.T) {
	b := &toy{}
	m := toyModel(t, b, Options{})
	prompt := make([]int32, 200)
	for i := range prompt {
		prompt[i] = int32(i*i) % toyVocab
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			r := Request{Tokens: append(slices.Clone(prompt), int32(i)), MaxNewTokens: 2}
			if _, err := m.Generate(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if st := m.Stats(); st.PromptTokens > 201+9 || st.CachedTokens != 9*200 {
		t.Errorf("%d prompt tokens read, %d known", st.PromptTokens, st.CachedTokens)
	}
	r, err := m.Generate(t.Context(), Request{Tokens: prompt, MaxNewTokens: 2, Adapter: "second"})
	if err != nil || r.Timings.CachedTokens != 0 {
		t.Errorf("another adapter's keys were used: %+v, %v", r, err)
	}
}

func TestPrefixCacheKeepsItsBudget(t *testing.T) {
	b := &toy{}
	const budget = 10_000
	m := toyModel(t, b, Options{PrefixCache: budget})
	for i := range 20 {
		prompt := make([]int32, 30)
		for j := range prompt {
			prompt[j] = int32(i+j*j) % toyVocab
		}
		if _, err := m.Generate(t.Context(), Request{Tokens: prompt, MaxNewTokens: 5}); err != nil {
			t.Fatal(err)
		}
		if n := m.Stats().PrefixBytes; n > budget {
			t.Fatalf("prefix cache holds %d bytes", n)
		}
	}
}

func TestCancelInMidStep(t *testing.T) {
	b := &toy{stall: make(chan struct{}), entered: make(chan struct{}, 100)}
	m := toyModel(t, b, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := m.Generate(ctx, Request{Tokens: []int32{1, 2, 3}})
		left <- err
	}()
	<-b.entered
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	// The step was broken off: the loop is free for the next request, which
	// stays in while another leaves.
	ctx, cancel = context.WithCancel(t.Context())
	stayed := make(chan error)
	r := Request{Tokens: []int32{4, 5}, MaxNewTokens: 3, Stop: []int32{}}
	go func() {
		_, err := m.Generate(t.Context(), r)
		stayed <- err
	}()
	<-b.entered
	go func() {
		_, err := m.Generate(ctx, Request{Tokens: []int32{1, 2, 3}})
		left <- err
	}()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	close(b.stall)
	if err := <-stayed; err != nil {
		t.Fatalf("error %v", err)
	}
}

func TestBadSequenceOfABatchEndsAlone(t *testing.T) {
	b := &toy{poison: 42}
	m := toyModel(t, b, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			first := int32(i + 1)
			if i == 3 {
				first = 42
			}
			_, err := m.Generate(t.Context(), Request{Tokens: []int32{first, 2, 3}, MaxNewTokens: 10})
			if bad := errors.Is(err, choice.ErrNotFinite); bad != (first == 42) {
				t.Errorf("first token %d: error %v", first, err)
			}
		})
	}
	wg.Wait()
	if _, err := m.Logits(t.Context(), []int32{42, 1}, 1, ""); !errors.Is(err, choice.ErrNotFinite) {
		t.Errorf("logits: error %v", err)
	}
}

func TestLogits(t *testing.T) {
	b := &toy{}
	m := toyModel(t, b, Options{PrefillChunk: 5})
	tokens := []int32{1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45}
	rows, err := m.Logits(t.Context(), tokens, 9, "second")
	if err != nil || len(rows) != 9 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	for i, row := range rows {
		if !slices.Equal(row, b.logits(1, tokens[:4+i])) {
			t.Errorf("row %d differs", i)
		}
	}
}

func TestEachLogitsEndsWithItsCaller(t *testing.T) {
	b := &toy{}
	m := toyModel(t, b, Options{})
	tokens := make([]int32, 300)
	enough, rows := errors.New("enough"), 0
	err := m.EachLogits(t.Context(), tokens, 300, "", func([]float32) error {
		if rows++; rows == 10 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || rows != 10 {
		t.Errorf("%d rows, error %v", rows, err)
	}
	if err := m.EachLogits(t.Context(), tokens, 301, "", nil); err == nil {
		t.Error("more rows than tokens")
	}
}

func TestRequestsThatCannotBeMet(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	for name, r := range map[string]Request{
		"empty prompt":   {},
		"negative id":    {Tokens: []int32{-1}},
		"large id":       {Tokens: []int32{toyVocab}},
		"long prompt":    {Tokens: make([]int32, 400)},
		"adapter":        {Tokens: []int32{1}, Adapter: "third"},
		"penalty":        {Tokens: []int32{1}, RepetitionPenalty: float32(math.NaN())},
		"negative count": {Tokens: []int32{1}, MaxNewTokens: -1},
		"top":            {Tokens: []int32{1}, Top: 1000},
		"probe":          {Tokens: []int32{1}, Probe: []int32{toyVocab}},
	} {
		if _, err := m.Generate(t.Context(), r); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
	var tooLong *ContextError
	if _, err := m.Generate(t.Context(), Request{Tokens: make([]int32, 400)}); !errors.As(err, &tooLong) || tooLong.Limit != 400 {
		t.Errorf("error %v", err)
	}
}

func TestFailedStepAndClosedModelCancel(t *testing.T) {
	broken := errors.New("broken")
	b := &toy{fail: broken}
	m := toyModel(t, b, Options{})
	if _, err := m.Generate(t.Context(), Request{Tokens: []int32{1}}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	b = &toy{stall: make(chan struct{}), entered: make(chan struct{}, 1)}
	m = toyModel(t, b, Options{})
	ended := make(chan error)
	go func() {
		_, err := m.Generate(t.Context(), Request{Tokens: []int32{1}})
		ended <- err
	}()
	<-b.entered
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if _, err := m.Generate(t.Context(), Request{Tokens: []int32{1}}); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// TestConcurrentCallersThatLeave: some callers leave after a few tokens, on a
// device with little memory. What the others get, and what later requests find
// in the prefix cache, is as without them.
func TestConcurrentCallersThatLeave(t *testing.T) {
	b := &frail{toy: &toy{}, room: 300}
	m := modelOf(t, b, b.toy, Options{Batch: 6, PrefillChunk: 30, Draft: 8})
	m.scheduler.chooseDrafts = takeAll
	var wg sync.WaitGroup
	for round := range 4 {
		for i, r := range toyRequests() {
			r.MaxNewTokens = 25
			leaves := (i+round)%3 == 0
			wg.Go(func() {
				adapter, _ := m.check(r.Tokens, r.Adapter)
				want, wantErr := plain(r, adapter, m.stop, m.context)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				written := 0
				r.OnToken = func(Token) {
					if written++; leaves && written == 1+i%5 {
						cancel()
					}
				}
				got, err := m.Generate(ctx, r)
				if leaves && errors.Is(err, context.Canceled) {
					want = want[:len(got.Tokens)]
				} else if !errors.Is(err, wantErr) {
					t.Errorf("request %d: error %v, expected %v", i, err, wantErr)
					return
				}
				if len(got.Tokens) != len(want) {
					t.Errorf("request %d: %d tokens, expected %d", i, len(got.Tokens), len(want))
					return
				}
				for j, token := range got.Tokens {
					if token.ID != want[j].ID || token.LogProb != want[j].LogProb {
						t.Errorf("request %d, token %d: %d, expected %d", i, j, token.ID, want[j].ID)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}
