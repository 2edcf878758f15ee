package model

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// toyLabels are the labels of the heads of classifying.
var toyLabels = []string{"O", "B", "I", "E", "S", "X", "Y"}

// classifying gives a toy model heads: three labels under the base, all under its first
// adapter, none under its second.
func classifying(m *Model) *Model {
	m.heads = heads{{labels: toyLabels[:3]}, {labels: toyLabels}, nil}
	for _, h := range m.heads[:2] {
		h.classifier = &backend.Classifier{Weight: quant.NewF32(len(h.labels), 1, make([]float32, len(h.labels)))}
	}
	return m
}

// scoresOf returns the scores that a request must bring: the first logits after each
// prefix.
func scoresOf(r ClassifyRequest) string {
	adapter, labels := 0, len(toyLabels)
	if r.Adapter == Base {
		adapter, labels = -1, 3
	}
	var rows [][]float32
	for i := r.From; i < len(r.Tokens); i++ {
		rows = append(rows, new(toy).logits(adapter, r.Tokens[:i+1])[:labels])
	}
	return bits(rows)
}

// toyClassifications are requests whose texts share prefixes with one another, and with
// toyRequests.
func toyClassifications() (all []ClassifyRequest) {
	for i, r := range toyRequests() {
		c := ClassifyRequest{Tokens: r.Tokens, From: i * len(r.Tokens) / 30, Patient: i%2 == 0}
		if i%3 == 0 {
			c.Adapter = Base
		}
		all = append(all, c)
	}
	return all
}

// TestClassifyInAnySchedule: requests for scores and for tokens are served together,
// with shared prefixes and in little memory, each as if it were alone.
func TestClassifyInAnySchedule(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		room int
	}{
		"default": {},
		"plain":   {o: Options{Batch: 1, PrefillChunk: 1000, PrefixCache: -1, Draft: -1}},
		"chunks":  {o: Options{PrefillChunk: 7, Batch: 5}},
		"little":  {o: Options{PrefillChunk: 20}, room: 250},
	} {
		t.Run(name, func(t *testing.T) {
			b := &frail{toy: &toy{}, room: c.room}
			m := classifying(modelOf(t, b, b.toy, c.o))
			m.scheduler.chooseDrafts = takeAll
			var wg sync.WaitGroup
			for i, r := range toyClassifications() {
				wg.Go(func() {
					got, err := m.Classify(t.Context(), r)
					if err != nil || bits(got.Scores) != scoresOf(r) {
						t.Errorf("classification %d: error %v", i, err)
					}
				})
			}
			for i, r := range toyRequests() {
				r.MaxNewTokens = 20
				wg.Go(func() {
					adapter, _ := m.check(r.Tokens, r.Adapter)
					want, wantErr := plain(r, adapter, m.stop, m.context)
					got, err := m.Generate(t.Context(), r)
					if !errors.Is(err, wantErr) || fmt.Sprint(got.Tokens) != fmt.Sprint(want) {
						if r.Top == 0 { // which plain doesn't report
							t.Errorf("request %d: error %v", i, err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestClassifyReadsAPrefixOnce: what stands before From comes from the prefix cache,
// and no position from From on does.
func TestClassifyReadsAPrefixOnce(t *testing.T) {
	b := &toy{}
	m := classifying(toyModel(t, b, Options{}))
	r := ClassifyRequest{Tokens: make([]int32, 100), From: 70}
	for _, want := range []int{0, 70, 70} {
		before := b.rows.Load()
		got, err := m.Classify(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, scoresOf(r), bits(got.Scores))
		require.Equal(t, want, got.Timings.CachedTokens)
		require.EqualValues(t, 100-want, b.rows.Load()-before)
	}
	result, err := m.Generate(t.Context(), Request{Tokens: append(make([]int32, 100), 5), MaxNewTokens: 1})
	require.NoError(t, err)
	require.Equal(t, 100, result.Timings.CachedTokens, "the classified text is a prefix as any other")
}

// TestClassifyEnds: a caller that leaves, a full queue, a drained and a closed model.
func TestClassifyEnds(t *testing.T) {
	m := steppedModel(t, Options{Batch: 1, Queue: 1})
	classifying(m.Model)
	r := ClassifyRequest{Tokens: []int32{1, 2, 3}}
	ask := func(ctx context.Context) chan error {
		n := m.inFlight()
		ended := make(chan error, 1)
		go func() {
			_, err := m.Classify(ctx, r)
			ended <- err
		}()
		m.await(n + 1)
		return ended
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := ask(ctx)
	m.stall()
	second := ask(t.Context())
	_, err := m.Classify(t.Context(), r)
	var full *QueueFullError
	require.ErrorAs(t, err, &full)
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	m.stall() // the step was broken off
	drained := make(chan error, 1)
	go func() { drained <- m.Drain(t.Context()) }()
	m.release()
	require.NoError(t, <-second)
	require.NoError(t, <-drained)
	_, err = m.Classify(t.Context(), r)
	require.ErrorIs(t, err, ErrDraining)
	require.NoError(t, m.Close())
	_, err = m.Classify(t.Context(), r)
	require.ErrorIs(t, err, ErrClosed)
}

// TestClassifyFails: scores that aren't numbers, and a step that fails.
func TestClassifyFails(t *testing.T) {
	m := classifying(toyModel(t, &toy{poison: 9}, Options{}))
	_, err := m.Classify(t.Context(), ClassifyRequest{Tokens: []int32{9, 1}})
	require.ErrorIs(t, err, choice.ErrNotFinite)
	_, err = m.Classify(t.Context(), ClassifyRequest{Tokens: []int32{9, 1}, Adapter: Base})
	require.NoError(t, err, "a label of another head isn't computed")
	failed := errors.New("failed")
	m = classifying(toyModel(t, &toy{fail: failed}, Options{}))
	_, err = m.Classify(t.Context(), ClassifyRequest{Tokens: []int32{9, 1}})
	require.ErrorIs(t, err, failed)
}
