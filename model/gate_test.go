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
	for m.inFlight() == before {
		time.Sleep(time.Millisecond)
	}
	return ended
}

func (m stepped) inFlight() int {
	g := &m.scheduler.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight
}

func TestQueueIsBounded(t *testing.T) {
	for _, c := range []struct{ batch, queue, inFlight int }{{2, 3, 5}, {1, -1, 1}, {3, 1, 4}} {
		m := steppedModel(t, Options{Batch: c.batch, Queue: c.queue})
		r := Request{Tokens: []int32{1, 2}, MaxNewTokens: 3, Stop: []int32{}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := []chan error{m.submit(ctx, r)}
		m.stall()
		for len(ended) < c.inFlight {
			ended = append(ended, m.submit(t.Context(), r))
		}
		var full *QueueFullError
		_, err := m.Generate(t.Context(), r)
		require.ErrorAs(t, err, &full)
		require.Equal(t, QueueFullError{InFlight: c.inFlight, Waiting: max(c.queue, 0)}, *full)
		_, err = m.Logits(t.Context(), r.Tokens, 1, "")
		require.ErrorAs(t, err, &full)

		// One that leaves makes room as soon as the scheduler hears of it.
		cancel()
		require.ErrorIs(t, <-ended[0], context.Canceled)
		if c.inFlight > 1 {
			m.stall() // the step was broken off: the next one is without it
		}
		for m.inFlight() == c.inFlight {
			time.Sleep(time.Millisecond)
		}
		ended[0] = m.submit(t.Context(), r)
		m.release()
		for _, e := range ended {
			require.NoError(t, <-e)
		}
		require.Zero(t, m.inFlight())
	}
}

// TestDrain: requests in every phase are ended, new ones refused.
func TestDrain(t *testing.T) {
	for name, c := range map[string]struct {
		steps  int
		phases []phase
	}{
		"reading": {1, []phase{reading, waiting}},
		"writing": {6, []phase{writing, waiting}},
	} {
		t.Run(name, func(t *testing.T) {
			m := steppedModel(t, Options{Batch: 1, PrefillChunk: 4, Draft: -1})
			first := Request{Tokens: make([]int32, 20), MaxNewTokens: 30, Stop: []int32{}}
			ended := []chan error{m.submit(t.Context(), first)}
			m.stall()
			ended = append(ended, m.submit(t.Context(), first))
			for range c.steps {
				m.step()
			}
			require.Equal(t, c.phases, m.phases())

			short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			require.ErrorIs(t, m.Drain(short), context.DeadlineExceeded)
			cancel()
			_, err := m.Generate(t.Context(), first)
			require.ErrorIs(t, err, ErrDraining)
			drained := make(chan error, 1)
			go func() { drained <- m.Drain(t.Context()) }()
			m.release()
			require.NoError(t, <-drained)
			for _, e := range ended {
				require.NoError(t, <-e)
			}
			require.NoError(t, m.Drain(t.Context()))
			_, err = m.Logits(t.Context(), []int32{1}, 1, "")
			require.ErrorIs(t, err, ErrDraining)
			require.NoError(t, m.Close())
			require.ErrorIs(t, m.Drain(t.Context()), ErrClosed)
			_, err = m.Generate(t.Context(), first)
			require.ErrorIs(t, err, ErrClosed)
		})
	}
}

func TestDrainOfAnIdleModel(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	require.NoError(t, m.Drain(t.Context()))
	require.NoError(t, m.Drain(t.Context()))
}

// TestCancelWhileDraining: callers that leave are not waited for.
func TestCancelWhileDraining(t *testing.T) {
	m := steppedModel(t, Options{Batch: 1})
	r := Request{Tokens: []int32{1, 2, 3}, Stop: []int32{}}
	ctx, cancel := context.WithCancel(t.Context())
	running := m.submit(ctx, r)
	m.stall()
	queued := m.submit(ctx, r)
	drained := make(chan error, 1)
	go func() { drained <- m.Drain(t.Context()) }()
	cancel()
	require.NoError(t, <-drained)
	require.ErrorIs(t, <-running, context.Canceled)
	require.ErrorIs(t, <-queued, context.Canceled)
}

func TestCloseWhileDraining(t *testing.T) {
	m := steppedModel(t, Options{Batch: 1})
	r := Request{Tokens: []int32{1, 2, 3}, Stop: []int32{}}
	running := m.submit(t.Context(), r)
	m.stall()
	queued := m.submit(t.Context(), r)
	drained := make(chan error, 1)
	go func() { drained <- m.Drain(t.Context()) }()
	require.NoError(t, m.Close())
	require.ErrorIs(t, <-running, ErrClosed)
	require.ErrorIs(t, <-queued, ErrClosed)
	require.ErrorIs(t, <-drained, ErrClosed)
}

func TestDrainFromOnToken(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	r := Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 5, Stop: []int32{}, OnToken: func(Token) {
		if err := m.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	result, err := m.Generate(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, result.Tokens, 5)
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
		}
		m.stall()
		for !slices.Equal(m.phases(), slices.Repeat([]phase{writing}, len(c.writers))) {
			m.step()
		}
		long := slices.Repeat([]int32{9}, 300)
		m.submit(ctx, Request{Tokens: long, Patient: !c.writers[0]})
		for most == 0 {
			m.step()
		}
		require.Equal(t, c.most, most, "%v", c.writers)
		cancel()
		m.release()
	}
}
