package model

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
)

// stepped is a model whose steps a test lets go one by one.
type stepped struct {
	*Model
	toy *toy
}

func steppedModel(t *testing.T, o Options) stepped {
	b := &toy{stall: make(chan struct{}), entered: make(chan struct{})}
	return stepped{toyModel(t, b, o), b}
}

// stall waits until the scheduler is held up in a step: until then its
// sequences may be looked at.
func (m stepped) stall() { <-m.toy.entered }

// step ends the step that the scheduler is held up in, and waits for the next.
func (m stepped) step() {
	m.toy.stall <- struct{}{}
	m.stall()
}

// release lets all further steps go.
func (m stepped) release() {
	close(m.toy.stall)
	go func() {
		for range m.toy.entered { // only so that steps go on
		}
	}()
}

// phases returns the phases of all sequences, the active ones first.
func (m stepped) phases() (phases []phase) {
	for _, q := range append(slices.Clone(m.scheduler.active), m.scheduler.waiting...) {
		phases = append(phases, q.phase)
	}
	return phases
}

// submit starts a request and waits until it is in flight.
func (m stepped) submit(ctx context.Context, r Request) chan error {
	before := m.inFlight()
	ended := make(chan error, 1)
	go func() {
		_, err := m.Generate(ctx, r)
		ended <- err
	}()
	m.await(before + 1)
	return ended
}

// await waits until n sequences are in flight.
func (m stepped) await(n int) {
	for m.inFlight() != n {
		time.Sleep(time.Millisecond)
	}
}

func (m stepped) inFlight() int { return m.scheduler.gate.count() }

// TestPhases follows two sequences that the device has not always room for.
func TestPhases(t *testing.T) {
	b := &frail{toy: &toy{stall: make(chan struct{}), entered: make(chan struct{})}, room: 40}
	m := stepped{modelOf(t, b, b.toy, Options{PrefillChunk: 6, Draft: -1, PrefixCache: -1}), b.toy}
	r := Request{Tokens: []int32{1, 2, 3, 4, 5, 6, 7, 8, 9}, MaxNewTokens: 20, Stop: []int32{}}
	want, err := plain(r, 0, nil, 400)
	require.NoError(t, err)

	var got [2]*Result
	ended := make(chan error, 2)
	start := func(i int) {
		defer m.await(i + 1)
		go func() {
			var err error
			got[i], err = m.Generate(t.Context(), r)
			ended <- err
		}()
	}
	start(0)
	m.stall()
	sequences := slices.Clone(m.scheduler.active)
	start(1)
	m.step()
	sequences = append(sequences, m.scheduler.active[1])
	var seen [2][]phase
	for left := 2; left > 0; {
		for i, q := range sequences {
			if n := len(seen[i]); n == 0 || seen[i][n-1] != q.phase {
				seen[i] = append(seen[i], q.phase)
			}
		}
		m.toy.stall <- struct{}{}
		for stalled := false; !stalled && left > 0; {
			select {
			case <-m.toy.entered:
				stalled = true
			case err := <-ended:
				require.NoError(t, err)
				left--
			}
		}
	}
	require.Equal(t, []phase{reading, writing, done}, seen[0])
	require.Equal(t, []phase{reading, writing, waiting, reading, writing}, seen[1])
	for _, q := range sequences {
		require.Equal(t, done, q.phase)
	}
	for _, result := range got {
		require.Len(t, result.Tokens, len(want))
		for i, token := range result.Tokens {
			require.Equal(t, want[i].ID, token.ID)
		}
	}
}

// TestPatience: a prompt is read in quarters of chunks while somebody waits for
// single tokens, and in whole chunks while only patient requests are written.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		writers []bool // whether each is patient
		most    int    // tokens of the long prompt read in a step
	}{
		{[]bool{true}, 200}, {[]bool{false}, 64}, {[]bool{true, true}, 200}, {[]bool{true, false}, 64}, {[]bool{false, true}, 64},
	} {
		m := steppedModel(t, Options{PrefillChunk: 200, Draft: -1, PrefixCache: -1})
		most := 0
		m.toy.laid = func(spans []backend.Span) {
			for _, s := range spans {
				if s.Tokens[0] == 9 { // of the long prompt alone
					most = max(most, len(s.Tokens))
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		for i, patient := range c.writers {
			r := Request{Tokens: []int32{int32(i + 1), 2}, Stop: []int32{}, Patient: patient, Constraint: &all{[]uint64{0xff}}}
			m.submit(ctx, r)
			if i == 0 || c.writers[0] && !patient {
				m.stall() // the second time as the step for a patient request was broken off
			}
		}
		for !slices.Equal(m.phases(), slices.Repeat([]phase{writing}, len(c.writers))) {
			m.step()
		}
		long := slices.Repeat([]int32{9}, 300)
		m.submit(ctx, Request{Tokens: long, Patient: !c.writers[0]})
		if c.writers[0] {
			m.stall() // the step was broken off
		}
		for most == 0 {
			m.step()
		}
		require.Equal(t, c.most, most, "%v", c.writers)
		cancel()
		m.release()
	}
}

// TestDraftsOfCallersThatLeft: a caller leaves during a step that verifies
// drafted tokens of its sequence and goes on for another caller. The prefix
// cache must have the tokens that its keys and values are of.
func TestDraftsOfCallersThatLeft(t *testing.T) {
	m := steppedModel(t, Options{})
	m.scheduler.chooseDrafts = takeAll
	ctx, cancel := context.WithCancel(t.Context())
	left := m.submit(ctx, Request{Tokens: slices.Repeat([]int32{5, 7}, 10), Stop: []int32{}})
	m.stall()
	m.submit(t.Context(), Request{Tokens: []int32{1, 2, 3}, Stop: []int32{}})
	m.step()
	drafted := func() bool {
		spans := m.scheduler.spans
		return len(spans) == 2 && len(m.scheduler.active[0].rows) > 1
	}
	for !drafted() {
		m.step()
	}
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	m.step()
	require.Len(t, m.scheduler.prefix.entries, 1)
	entry := m.scheduler.prefix.entries[0]
	require.Equal(t, entry.cache.(*toyCache).tokens, entry.tokens)
	m.release()
}
