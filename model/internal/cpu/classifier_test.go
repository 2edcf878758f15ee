package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// firstRows is the matrix of the first rows of another.
func firstRows(t *testing.T, m quant.Matrix, rows int) quant.Matrix {
	t.Helper()
	v := make([]float32, rows*m.Cols())
	require.NoError(t, m.ReadRows(v, 0))
	return quant.NewF32(rows, m.Cols(), v)
}

// TestScoresAreLogitsOfOtherRows compares a classifier whose weight is the first rows
// of the head with the head, in every bit, where rows of the two kinds are mixed.
func TestScoresAreLogitsOfOtherRows(t *testing.T) {
	const base, own = 5, 3
	bias := []float32{0.5, -1, 2}
	w := testWeights()
	w.Classifiers = []*backend.Classifier{
		{Weight: firstRows(t, w.Head.Weight, base)},
		{Weight: firstRows(t, w.Head.Adapted[0].Weight, own), Bias: bias},
	}
	b, err := New(t.Context(), w, backend.Options{Threads: 2})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	spans := make([]backend.Span, 4)
	for i := range spans {
		c := b.NewCache()
		defer c.Close()
		spans[i] = backend.Span{Cache: c, Tokens: someTokens(20+50*i, i), Adapter: i%2 - 1}
		for j := range spans[i].Tokens {
			row := backend.Row{Logits: make([]float32, testConfig.VocabSize), Scores: make([]float32, []int{base, own}[i%2])}
			switch j % 7 {
			case 1, 2:
				row.Scores = nil
			case 3:
				row.Logits = nil // of which the second step asks
			}
			spans[i].Rows = append(spans[i].Rows, row)
		}
	}
	require.NoError(t, b.Step(t.Context(), spans))
	for i, span := range spans {
		for j, row := range span.Rows {
			logits := row.Logits
			if logits == nil {
				logits = make([]float32, testConfig.VocabSize)
				span.Cache.Truncate(j)
				again := backend.Span{Cache: span.Cache, Tokens: span.Tokens[j : j+1], Adapter: span.Adapter, Rows: []backend.Row{{Logits: logits}}}
				require.NoError(t, b.Step(t.Context(), []backend.Span{again}))
				again.Tokens, again.Rows = span.Tokens[j+1:], nil
				require.NoError(t, b.Step(t.Context(), []backend.Span{again}))
			}
			if row.Scores == nil {
				continue
			}
			want := slices.Clone(logits[:len(row.Scores)])
			if span.Adapter == 0 {
				for k := range want {
					want[k] += bias[k]
				}
			}
			require.Equal(t, want, row.Scores, "sequence %d, position %d", i, j)
		}
	}
}

// TestScoresInAnySchedule compares the scores of one step with those of a token a
// step, in both precisions, in a model without a language-model head.
func TestScoresInAnySchedule(t *testing.T) {
	for _, p := range []hold.Precision{hold.Exact, hold.Fast} {
		w := testWeights()
		w.Classifiers = []*backend.Classifier{{Weight: firstRows(t, w.Head.Weight, 4)}}
		w.Head = backend.Linear{}
		b, err := New(t.Context(), w, backend.Options{Threads: 3, Precision: p, Hold: hold.Int8})
		require.NoError(t, err)
		tokens := someTokens(90, 3)
		scores := func(piece int) (all [][]float32) {
			c := b.NewCache()
			defer c.Close()
			for at := 0; at < len(tokens); at += piece {
				span := backend.Span{Cache: c, Tokens: tokens[at:min(at+piece, len(tokens))], Adapter: -1}
				for range span.Tokens {
					all = append(all, make([]float32, 4))
					span.Rows = append(span.Rows, backend.Row{Scores: all[len(all)-1]})
				}
				require.NoError(t, b.Step(t.Context(), []backend.Span{span}))
			}
			return all
		}
		want := scores(1)
		for _, piece := range []int{7, 64, 90} {
			require.Equal(t, want, scores(piece))
		}
		require.NoError(t, b.Close())
	}
}
