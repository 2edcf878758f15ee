package nerbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
)

// two asks two questions about each document and fails on the second document.
type two struct{ meter *Meter }

func (e two) Stream(_ context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		n := 0
		for d, err := range docs {
			n++
			for i := range 2 {
				e.meter.Answered(&model.Result{
					Tokens: make([]model.Token, 3), PromptTokens: 10,
					Timings: model.Timings{Queued: time.Millisecond, Prefill: time.Duration(2*n+i) * time.Millisecond, CachedTokens: 4, Steps: 2, DraftedTokens: 2, AcceptedTokens: 1},
				})
			}
			e.meter.Classified(7, model.Timings{CachedTokens: 3})
			if n == 2 {
				err = errors.New("too hard")
			}
			if !yield(&document.Result{Document: d}, err) {
				return
			}
		}
	}
}

func corpus(yield func(document.Result, error) bool) {
	for i := range 5 {
		if !yield(document.Result{Document: document.Document{ID: fmt.Sprint(i), Entities: make([]document.Entity, 1)}}, nil) {
			return
		}
	}
}

func TestMeter(t *testing.T) {
	var m Meter
	failures := 0
	r, err := m.Run(t.Context(), two{&m}, corpus, 3, func(error) { failures++ })
	require.NoError(t, err)
	require.Equal(t, 1, failures)
	require.Equal(t, []int{3, 1, 6, 3, 81, 33, 18, 12, 12, 6},
		[]int{r.Documents, r.Failed, r.Questions, r.Labelled, r.PromptTokens, r.CachedTokens, r.NewTokens, r.Steps, r.DraftedTokens, r.AcceptedTokens})
	require.InDelta(t, 6, r.FirstTokenMedian, 1e-9) // of 3 to 8 ms
	require.InDelta(t, 8, r.FirstToken95, 1e-9)
	require.Positive(t, r.DocumentsMinute)
	var b bytes.Buffer
	require.NoError(t, r.WriteMarkdown(&b))
	require.Contains(t, b.String(), "| drafts | 12 tokens, 50 % accepted; 1.50 tokens a step |\n")

	m = Meter{}
	r, err = m.Run(t.Context(), two{&m}, func(func(document.Result, error) bool) {}, 0, nil)
	require.NoError(t, err)
	require.Zero(t, r.Questions+r.Labelled)

	m = Meter{}
	r, err = m.Run(t.Context(), labeller{&m}, corpus, 2, nil)
	require.NoError(t, err)
	require.Equal(t, 2, r.Labelled)
	require.Positive(t, r.DocumentsMinute, "a text that is labelled needs no answer")
	require.NoError(t, r.WriteMarkdown(&b))
}

// labeller has each document labelled and asks nothing.
type labeller struct{ meter *Meter }

func (e labeller) Stream(_ context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		for d, err := range docs {
			e.meter.Classified(5, model.Timings{})
			if !yield(&document.Result{Document: d}, err) {
				return
			}
		}
	}
}
