package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
)

// The requests of these tests are branches behind one prefix, as those about an
// article are.

// prefixTokens returns a prefix of n tokens; seed tells prefixes apart.
func prefixTokens(seed, n int) []int32 {
	prefix := make([]int32, n)
	for i := range prefix {
		prefix[i] = int32(seed*17+i*i+i) % toyVocab
	}
	return prefix
}

// branchLengths holds the tokens of each branch behind the prefix.
var branchLengths = []int{11, 13, 18, 40}

// branches returns one request for each branch behind a prefix. No two branches
// begin alike.
func branches(prefix []int32) (requests []Request) {
	for i, n := range branchLengths {
		tokens := slices.Clone(prefix)
		for j := range n {
			tokens = append(tokens, int32(i+1+31*j)%toyVocab)
		}
		requests = append(requests, Request{Tokens: tokens, MaxNewTokens: 12, Stop: []int32{}, Patient: true})
	}
	return requests
}

// branchTokens is how many tokens all branches have behind their prefix.
func branchTokens() (n int) {
	for _, l := range branchLengths {
		n += l
	}
	return n
}

// requireAsAlone runs a request, and requires what it would bring alone.
func requireAsAlone(t *testing.T, m *Model, ctx context.Context, r Request) {
	adapter, err := m.check(r.Tokens, r.Adapter)
	if err != nil {
		t.Error(err)
		return
	}
	want, wantErr := plain(r, adapter, m.stop, m.context)
	got, err := m.Generate(ctx, r)
	if !errors.Is(err, wantErr) || len(got.Tokens) != len(want) {
		t.Errorf("%d tokens, error %v, expected %d, %v", len(got.Tokens), err, len(want), wantErr)
		return
	}
	for i, token := range got.Tokens {
		if token.ID != want[i].ID || token.LogProb != want[i].LogProb {
			t.Errorf("token %d: %d, expected %d", i, token.ID, want[i].ID)
			return
		}
	}
}

// TestConcurrentBranchesReadTheirPrefixOnce: whatever the schedule, and however
// many documents are in flight, each document's prefix is read once, also by
// branches that come before anything of it is known.
func TestConcurrentBranchesReadTheirPrefixOnce(t *testing.T) {
	for name, o := range map[string]Options{
		"default":      {},
		"alone":        {Batch: 1},
		"batch of 2":   {Batch: 2, Draft: -1},
		"chunks of 1":  {PrefillChunk: 1},
		"chunks of 7":  {PrefillChunk: 7, Batch: 5},
		"chunks of 98": {PrefillChunk: 98}, // ends in the prefix, close to its end
		"long chunks":  {PrefillChunk: 5000, Batch: 64},
	} {
		for _, documents := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s, %d", name, documents), func(t *testing.T) {
				m := steppedModel(t, o)
				m.scheduler.chooseDrafts = takeAll
				// The first step is held up until all have come.
				var wg sync.WaitGroup
				for d := range documents {
					for _, r := range branches(prefixTokens(d+1, 100)) {
						wg.Go(func() { requireAsAlone(t, m.Model, t.Context(), r) })
					}
				}
				m.stall()
				m.await(documents * len(branchLengths))
				m.release()
				wg.Wait()
				st := m.Stats()
				require.EqualValues(t, documents*(100+branchTokens()), st.PromptTokens)
				require.EqualValues(t, documents*(len(branchLengths)-1)*100, st.CachedTokens)
			})
		}
	}
}

// TestConcurrentBranchesOfOtherAdapters: keys and values hold under one adapter
// only.
func TestConcurrentBranchesOfOtherAdapters(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	var wg sync.WaitGroup
	for i, r := range branches(prefixTokens(1, 100))[:3] {
		r.Adapter = []string{"first", "second", Base}[i]
		wg.Go(func() { requireAsAlone(t, m, t.Context(), r) })
	}
	wg.Wait()
	require.Zero(t, m.Stats().CachedTokens)
}

// TestConcurrentBranchesWithoutThePrefixCache: without the cache every request
// reads its prompt.
func TestConcurrentBranchesWithoutThePrefixCache(t *testing.T) {
	m := toyModel(t, &toy{}, Options{PrefixCache: -1})
	var wg sync.WaitGroup
	for _, r := range branches(prefixTokens(1, 100)) {
		wg.Go(func() { requireAsAlone(t, m, t.Context(), r) })
	}
	wg.Wait()
	require.Zero(t, m.Stats().CachedTokens)
	require.EqualValues(t, 4*100+branchTokens(), m.Stats().PromptTokens)
}

// TestBranchesOutliveTheOneThatReads: the branch that reads the prefix is
// cancelled in the middle of it. Another goes on where it stopped.
func TestBranchesOutliveTheOneThatReads(t *testing.T) {
	m := steppedModel(t, Options{PrefillChunk: 10, Draft: -1})
	requests := branches(prefixTokens(1, 100))
	ctx, cancel := context.WithCancel(t.Context())
	first := m.submit(ctx, requests[0])
	m.stall()
	var others sync.WaitGroup
	for _, r := range requests[1:] {
		others.Go(func() { requireAsAlone(t, m.Model, t.Context(), r) })
	}
	m.await(len(requests))
	for range 5 {
		m.step()
	}
	reading := m.scheduler.active[0]
	require.Positive(t, reading.cache.Len())
	for _, q := range m.scheduler.active[1:] {
		require.Nil(t, q.cache, "a branch began to read what is being read")
	}
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	m.release()
	others.Wait()
	// The first branch's own tokens were never read, and at most the step that it
	// left was made in vain.
	read := int(m.Stats().PromptTokens)
	require.GreaterOrEqual(t, read, 100+branchTokens()-branchLengths[0])
	require.LessOrEqual(t, read, 100+branchTokens()-branchLengths[0]+10)
}

// TestConcurrentBranchesWhenStepsFail: each caller hears of a failed step once,
// and none is left waiting for a prefix that nobody reads.
func TestConcurrentBranchesWhenStepsFail(t *testing.T) {
	broken := errors.New("broken")
	m := toyModel(t, &toy{fail: broken}, Options{PrefillChunk: 10, Batch: 3})
	var wg sync.WaitGroup
	for _, r := range branches(prefixTokens(1, 100)) {
		wg.Go(func() {
			if _, err := m.Generate(t.Context(), r); !errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
		})
	}
	wg.Wait()
}

// TestConcurrentBranchesInLittleMemory: a device without room for all branches
// writes them one after the other.
func TestConcurrentBranchesInLittleMemory(t *testing.T) {
	for _, room := range []int{160, 260, 400} {
		b := &frail{toy: &toy{}, room: room}
		m := modelOf(t, b, b.toy, Options{PrefillChunk: 30})
		var wg sync.WaitGroup
		for d := range 2 {
			for _, r := range branches(prefixTokens(d+1, 90)) {
				wg.Go(func() { requireAsAlone(t, m, t.Context(), r) })
			}
		}
		wg.Wait()
	}
}

// TestBranchesAndTheGate: a bounded queue counts branches that wait for their
// prefix, and a model that drains ends them all first.
func TestBranchesAndTheGate(t *testing.T) {
	m := steppedModel(t, Options{PrefillChunk: 10, Draft: -1, Batch: 3, Queue: 1})
	requests := branches(prefixTokens(1, 100))
	var accepted sync.WaitGroup
	for i, r := range requests {
		accepted.Go(func() { requireAsAlone(t, m.Model, t.Context(), r) })
		if i == 0 {
			m.stall()
		}
		m.await(i + 1)
	}
	var full *QueueFullError
	_, err := m.Generate(t.Context(), requests[0])
	require.ErrorAs(t, err, &full)
	drained := make(chan error)
	go func() { drained <- m.Drain(context.Background()) }()
	m.release()
	require.NoError(t, <-drained)
	accepted.Wait()
	require.EqualValues(t, 100+branchTokens(), m.Stats().PromptTokens)
}

// TestConcurrentBranchesThatLeave: some callers leave while they wait or read.
// The others get what they get in any case.
func TestConcurrentBranchesThatLeave(t *testing.T) {
	for _, o := range []Options{{PrefillChunk: 9}, {PrefillChunk: 30, Batch: 3, PrefixCache: 9000}, {PrefillChunk: 9, PrefixCache: -1}} {
		b := &toy{}
		var cancels []context.CancelFunc
		var mu sync.Mutex
		b.laid = func([]backend.Span) { // a caller leaves at every other step
			if b.steps.Load()%2 == 0 {
				mu.Lock()
				defer mu.Unlock()
				if len(cancels) > 0 {
					cancels[0]()
					cancels = cancels[1:]
				}
			}
		}
		m := toyModel(t, b, o)
		var wg sync.WaitGroup
		for d := range 6 {
			for i, r := range branches(prefixTokens(d+1, 70)) {
				if (d+i)%3 > 0 {
					wg.Go(func() { requireAsAlone(t, m, t.Context(), r) })
					continue
				}
				ctx, cancel := context.WithCancel(t.Context())
				mu.Lock()
				cancels = append(cancels, cancel)
				mu.Unlock()
				wg.Go(func() {
					defer cancel()
					if _, err := m.Generate(ctx, r); err != nil && !errors.Is(err, context.Canceled) {
						t.Errorf("error %v", err)
					}
				})
			}
		}
		wg.Wait()
	}
}

// requireBranchesOutlive runs branches of which the first leaves while its
// prefix is being read. The others must bring, to the bit, what they bring alone.
func requireBranchesOutlive(t *testing.T, m *Model, requests []Request, want []string) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	before := m.Stats().PromptTokens
	first := make(chan error, 1)
	go func() {
		_, err := m.Generate(ctx, requests[0])
		first <- err
	}()
	for m.Stats().PromptTokens == before && len(first) == 0 { // until its first step is made
		runtime.Gosched()
	}
	for i, r := range requests[1:] {
		wg.Go(func() {
			if got := written(t, m, r); got != want[i+1] {
				t.Errorf("branch %d: %s, expected %s", i+1, got, want[i+1])
			}
		})
	}
	cancel()
	wg.Wait()
	if err := <-first; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBitsOfBranchesThatOutlive compares the bits of branches on the processors.
func TestBitsOfBranchesThatOutlive(t *testing.T) {
	for _, precision := range []Precision{F32, Fast} {
		open := func(o Options) *Model {
			o.Precision, o.LoRA, o.Adapters = precision, Unmerged, []string{made(t, "adapters", "four-bit")}
			m, err := Open(t.Context(), made(t, "models", "nf4-f16"), o)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, m.Close()) })
			return m
		}
		plainly := open(Options{Threads: 1, Batch: 1, Draft: -1, PrefixCache: -1, PrefillChunk: 1000})
		requests := branches(prefixTokens(1, 150))
		var want []string
		for i := range requests {
			requests[i].Probe = []int32{2}
			want = append(want, written(t, plainly, requests[i]))
		}
		for _, o := range []Options{{PrefillChunk: 16}, {PrefillChunk: 70, Batch: 2, Threads: 3}, {PrefillChunk: 16, PrefixCache: -1}, {PrefillChunk: 33, PrefixCache: 1}} {
			m := open(o)
			m.scheduler.chooseDrafts = takeAll
			for range 3 {
				requireBranchesOutlive(t, m, requests, want)
			}
		}
	}
}

// TestBranchesOvertake: branches of an article that is in the batch are admitted
// before others that have waited longer, and what overtook attracts nothing: the
// others come next.
func TestBranchesOvertake(t *testing.T) {
	of := func(prefix []int32, branch int, overtook bool) *sequence {
		r := branches(prefix)[branch]
		q := newSequence(t.Context(), r.Tokens, 0, 10)
		q.overtook = overtook
		return q
	}
	a, b, c := prefixTokens(1, 100), prefixTokens(2, 100), prefixTokens(3, 100)
	s := &scheduler{batch: 2}
	s.active = []*sequence{of(a, 0, false), of(b, 0, true)}
	s.waiting = []*sequence{of(c, 0, false), of(b, 1, false), of(a, 1, false)}
	require.Equal(t, 2, s.nextOf(false))
	require.True(t, s.waiting[2].overtook)
	s.waiting = s.waiting[:2]
	require.Equal(t, 0, s.nextOf(false), "a sibling of one that overtook isn't admitted early")
	require.False(t, s.waiting[0].overtook)

	other := of(a, 1, false)
	other.adapter = 1
	s.waiting = []*sequence{of(c, 0, false), other}
	require.Equal(t, 0, s.nextOf(false), "another adapter's sequences share nothing")
	s.waiting = []*sequence{of(a, 2, false), of(c, 0, false)}
	require.Equal(t, 0, s.nextOf(false))
	require.False(t, s.waiting[0].overtook, "the first in the queue overtakes nobody")
	s.waiting = append(slices.Repeat([]*sequence{of(c, 0, false)}, siblingsAhead*s.batch), of(a, 2, false))
	require.Equal(t, 0, s.nextOf(false), "far behind")
}

// TestWaitingBranchesKeepTheirPrefix: of two entries the prefix cache drops the
// one that no waiting sequence needs, though it was used later.
func TestWaitingBranchesKeepTheirPrefix(t *testing.T) {
	a, b := prefixTokens(1, 100), prefixTokens(2, 100)
	s := &scheduler{batch: 2, prefix: &prefixCache{budget: 20}}
	kept, dropped := &heldCache{bytes: 10}, &heldCache{bytes: 10}
	s.prefix.add(0, a, kept)
	s.prefix.add(0, b, dropped)
	s.waiting = []*sequence{newSequence(t.Context(), branches(a)[1].Tokens, 0, 10)}
	s.keepForWaiting()
	s.prefix.add(0, prefixTokens(3, 100), &heldCache{bytes: 10})
	require.False(t, kept.closed)
	require.True(t, dropped.closed)
}

// TestMemoryOfBranches: the pages of a prefix count once, however many branches
// have them.
func TestMemoryOfBranches(t *testing.T) {
	m, err := Open(t.Context(), made(t, "models", "nf4-f16"), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	const prefix = 150
	requests := branches(prefixTokens(1, prefix))
	var wg sync.WaitGroup
	pages := prefix / kernels.PageSize // that are full, and shared
	for _, r := range requests {
		held := len(r.Tokens) + r.MaxNewTokens - 1
		pages += (held+kernels.PageSize-1)/kernels.PageSize - prefix/kernels.PageSize
		wg.Go(func() {
			if _, err := m.Generate(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool { st := m.Stats(); return st.Running == 0 && st.CacheBytes == 0 }, time.Minute, time.Millisecond)
	pageBytes := kernels.PageSize * m.Info().CacheBytes
	require.InDelta(t, int64(pages)*pageBytes, m.Stats().PrefixBytes, 100, "each share of a page is rounded down to a byte")
}
