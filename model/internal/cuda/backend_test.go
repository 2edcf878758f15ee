//go:build gpu

package cuda

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/cpu"
	"github.com/medner/medner/model/internal/hold"
)

// everything is a script with all adapters, over more than a page.
func everything(chunk int, together bool) script {
	return script{adapters: []int{-1, 0, 1, 2, 0}, lengths: []int{70, 9, 12, 11, 5}, chunk: chunk, together: together}
}

func stepper(b backend.Backend) func([]backend.Span) error {
	return func(spans []backend.Span) error { return b.Step(context.Background(), spans) }
}

// equal compares every bit.
func equal(t *testing.T, name string, got, want *played) {
	t.Helper()
	for i := range want.logits {
		require.Len(t, got.logits[i], len(want.logits[i]))
		for j, row := range want.logits[i] {
			for id := range row {
				if math.Float32bits(got.logits[i][j][id]) != math.Float32bits(row[id]) {
					t.Fatalf("%s: sequence %d, row %d: the logit of %d is %v, expected %v", name, i, j, id, got.logits[i][j][id], row[id])
				}
			}
			require.Equal(t, want.choices[i][j], got.choices[i][j], "%s: sequence %d, row %d", name, i, j)
			require.Equal(t, want.scores[i][j], got.scores[i][j], "%s: sequence %d, row %d", name, i, j)
		}
	}
}

// TestEveryBitIsTheCPUs: in f32 the device computes what the processors do, in
// every form of weights, with all that adapters may change.
func TestEveryBitIsTheCPUs(t *testing.T) {
	d := anyDriver(t)
	for _, c := range []struct {
		family               string
		headDim              int
		adapters, bias, tied bool
		o                    backend.Options
		window               int
	}{
		{"llama", 32, true, true, false, backend.Options{}, 0},
		{"llama", 40, false, false, true, backend.Options{KV: "f16"}, 0},
		{"llama", 32, true, false, true, backend.Options{Hold: hold.Int8}, 0},
		{"llama", 64, false, true, false, backend.Options{Hold: hold.NF4, KV: "f16"}, 0},
		{"llama", 32, false, false, false, backend.Options{Hold: hold.BF16}, 0},
		{"qwen3", 32, true, true, false, backend.Options{}, 0},
		{"qwen3", 40, false, false, true, backend.Options{Hold: hold.NF4}, 0},
		{"mistral", 32, false, false, false, backend.Options{KV: "f16"}, 21},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			w := newToyOf(c.family, c.headDim, c.adapters, c.bias, c.tied)
			w.Config.SlidingWindow = c.window
			o := c.o
			o.Threads = 1
			processors, err := cpu.New(t.Context(), w, o)
			require.NoError(t, err)
			defer func() { require.NoError(t, processors.Close()) }()
			s := everything(100, true)
			if !c.adapters {
				s.adapters = []int{-1, -1, -1, -1, -1}
			}
			want, err := play(stepper(processors), processors, s)
			require.NoError(t, err)
			b := open(t, d, w, c.o)
			for _, chunk := range []int{100, 7} {
				s.chunk, s.together = chunk, chunk == 7
				got, err := play(stepper(b), b, s)
				require.NoError(t, err)
				equal(t, fmt.Sprintf("chunks of %d", chunk), got, want)
			}
		})
	}
}

// TestFastIsTheSameInEverySchedule: the other precision has bits of its own,
// but one set of them.
func TestFastIsTheSameInEverySchedule(t *testing.T) {
	d := anyDriver(t)
	for _, family := range []string{"llama", "qwen3"} {
		b := open(t, d, newToyOf(family, 32, true, true, false), backend.Options{Precision: hold.Fast, Hold: hold.NF4})
		want, err := play(stepper(b), b, everything(100, true))
		require.NoError(t, err)
		for _, s := range []script{everything(9, true), everything(4, false)} {
			got, err := play(stepper(b), b, s)
			require.NoError(t, err)
			equal(t, fmt.Sprintf("%s: %+v", family, s), got, want)
		}
	}
}

// TestGraphs: steps of a known shape are one launch, and bits don't depend on it.
func TestGraphs(t *testing.T) {
	d, l := fakeDriver(t)
	b := open(t, d, newToy(32, false, false, true), backend.Options{})
	decode := func() (ids []int32) {
		c := b.NewCache()
		defer c.Close()
		token := int32(5)
		for range 12 {
			r := backend.Row{Rule: &choice.Rule{}, Choice: &choice.Choice{}}
			require.NoError(t, b.Step(t.Context(), []backend.Span{{Cache: c, Tokens: []int32{token}, Adapter: -1, Rows: []backend.Row{r}}}))
			token = r.Choice.ID
			ids = append(ids, token)
		}
		return ids
	}
	first := decode()
	before := l.Get("cuLaunchKernel")
	second := decode()
	require.Equal(t, first, second)
	require.Equal(t, before, l.Get("cuLaunchKernel"), "a known step was launched kernel by kernel")
	require.GreaterOrEqual(t, l.Get("cuGraphLaunch"), 12)
	b.graphs.off = true
	require.Equal(t, first, decode())
	require.Greater(t, l.Get("cuLaunchKernel"), before)
}

// TestCancelledStep leaves caches as they were.
func TestCancelledStep(t *testing.T) {
	d := anyDriver(t)
	b := open(t, d, newToy(32, false, false, true), backend.Options{})
	c := b.NewCache()
	defer c.Close()
	require.NoError(t, b.Step(t.Context(), []backend.Span{{Cache: c, Tokens: tokensOf(0, 60), Adapter: -1}}))
	bytes := c.Bytes()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := b.Step(ctx, []backend.Span{{Cache: c, Tokens: tokensOf(0, 30), Adapter: -1}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 60, c.Len())
	require.Equal(t, bytes, c.Bytes())
}
