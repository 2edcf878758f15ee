package model

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
		st := m.Stats()
		require.Equal(t, []int{1, c.inFlight - 1}, []int{st.Running, st.Waiting})
		_, err := m.Generate(t.Context(), r)
		require.ErrorAs(t, err, &full)
		require.Equal(t, QueueFullError{InFlight: c.inFlight, Waiting: max(c.queue, 0), Tokens: 2 * c.inFlight}, *full)
		_, err = m.Logits(t.Context(), r.Tokens, 1, "")
		require.ErrorAs(t, err, &full)

		// One that leaves makes room as soon as the scheduler hears of it.
		cancel()
		require.ErrorIs(t, <-ended[0], context.Canceled)
		if c.inFlight > 1 {
			m.stall() // the step was broken off: the next one is without it
		}
		m.await(c.inFlight - 1)
		ended[0] = m.submit(t.Context(), r)
		m.release()
		for _, e := range ended {
			require.NoError(t, <-e)
		}
		require.Zero(t, m.Stats().Waiting)
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

// Tokens that were written already when OnToken ends the request's context are
// left out.
func TestEndFromOnToken(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		heard := 0
		r := Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 20, Stop: []int32{}, OnToken: func(Token) {
			if heard++; heard == 3 {
				cancel()
			}
		}}
		result, err := m.Generate(ctx, r)
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, result.Tokens, 3)
		require.Equal(t, 3, heard)
	}
}
