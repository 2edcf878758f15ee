package model

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// TestDraftsOfDrawnTokens: drafts are accepted where the draw agrees with them,
// and change nothing.
func TestDraftsOfDrawnTokens(t *testing.T) {
	request := Request{Tokens: []int32{5, 7, 5, 7, 5}, MaxNewTokens: 300, Stop: []int32{}}
	for seed := range uint64(10) {
		r := request
		r.Sampling = Sampling{Temperature: 0.6, TopP: 0.95, Seed: seed}
		var want []int32
		for _, draft := range []int{-1, 3, 20} {
			m := toyModel(t, &toy{}, Options{Draft: draft})
			m.scheduler.chooseDrafts = takeAll
			got, err := m.Generate(t.Context(), r)
			require.NoError(t, err)
			if draft < 0 {
				want = got.IDs()
				continue
			}
			require.Equal(t, want, got.IDs())
			require.NotZero(t, got.Timings.AcceptedTokens)
			require.Less(t, got.Timings.AcceptedTokens, got.Timings.DraftedTokens)
		}
	}
}

func TestSeedsAndNearlyGreedy(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	write := func(s Sampling) []int32 {
		r, err := m.Generate(t.Context(), Request{Tokens: []int32{8, 9}, MaxNewTokens: 50, Stop: []int32{}, RepetitionPenalty: 1.2, Sampling: s})
		require.NoError(t, err)
		return r.IDs()
	}
	greedy := write(Sampling{})
	for _, s := range []Sampling{
		{Temperature: 1.5, TopK: 1}, {Temperature: 1e-6}, {Temperature: 1, TopP: 1e-9}, {TopK: 3, TopP: 0.5, Seed: 9}, // without a temperature
	} {
		require.Equal(t, greedy, write(s), "%+v", s)
	}
	first := write(Sampling{Temperature: 1})
	require.Equal(t, first, write(Sampling{Temperature: 1}))
	require.NotEqual(t, greedy, first)
	require.NotEqual(t, first, write(Sampling{Temperature: 1, Seed: 1}))
}

func TestSamplingThatCannotBe(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	for _, c := range []struct {
		field string
		s     Sampling
	}{
		{"temperature", Sampling{Temperature: -1}},
		{"temperature", Sampling{Temperature: math.NaN()}},
		{"temperature", Sampling{Temperature: math.Inf(1)}},
		{"top-k", Sampling{Temperature: 1, TopK: -1}},
		{"top-p", Sampling{Temperature: 1, TopP: -0.1}},
		{"top-p", Sampling{Temperature: 1, TopP: 1.1}},
		{"top-p", Sampling{Temperature: 1, TopP: math.NaN()}},
	} {
		_, err := m.Generate(t.Context(), Request{Tokens: []int32{1}, Sampling: c.s})
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.Equal(t, c.field, bad.Field)
	}
}

// A request hears when it has been let in, before its first token; one that is
// ended from OnToken has the timings up to there.
func TestOnQueuedAndTimingsOfAnEndedRequest(t *testing.T) {
	m := toyModel(t, &toy{}, Options{})
	prompt := slices.Repeat([]int32{3, 1, 4, 1, 5}, 40)
	_, err := m.Generate(t.Context(), Request{Tokens: prompt, MaxNewTokens: 1, Stop: []int32{}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var heard []string
	result, err := m.Generate(ctx, Request{
		Tokens: prompt, Stop: []int32{}, OnQueued: func() { heard = append(heard, "queued") },
		OnToken: func(Token) { heard = append(heard, "token"); cancel() },
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"queued", "token"}, heard)
	require.Len(t, result.Tokens, 1)
	require.Equal(t, len(prompt)-1, result.Timings.CachedTokens)
	require.Positive(t, result.Timings.Steps)
}
