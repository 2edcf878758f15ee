package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// testConfig is a decoder with three query heads to a KV head.
var testConfig = &arch.Config{
	ModelType: "qwen3", // whose layers have all norms
	VocabSize: 77, HiddenSize: 48, IntermediateSize: 80, NumHiddenLayers: 2,
	NumAttentionHeads: 6, NumKeyValueHeads: 2, HeadDim: 32, MaxPositionEmbeddings: 1000, RMSNormEps: 1e-5,
	Rope: arch.Rope{Theta: 10000, Type: "default"},
}

// testWeights are random; adapter 0 changes a little everywhere.
func testWeights() *backend.Weights {
	c := testConfig
	r := rand.New(rand.NewPCG(1, 2))
	matrix := func(rows, cols int) quant.Matrix {
		v := make([]float32, rows*cols)
		for i := range v {
			v[i] = float32(r.NormFloat64() * 1.5 / math.Sqrt(float64(cols)))
		}
		return quant.NewF32(rows, cols, v)
	}
	vector := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = 1 + 0.1*float32(r.NormFloat64())
		}
		return v
	}
	norm := func(width int) backend.Norm {
		return backend.Norm{Weight: vector(width), Adapted: [][]float32{vector(width)}}
	}
	linear := func(rows, cols int) backend.Linear {
		return backend.Linear{Weight: matrix(rows, cols), Adapted: []*backend.Adapted{
			{Down: matrix(3, cols), Up: matrix(rows, 3), Scale: 0.5, RowScale: vector(rows), Bias: vector(rows)},
		}}
	}
	w := &backend.Weights{
		Config: c, InvFreq: c.Rope.InvFreq(c.HeadDim), Norm: norm(c.HiddenSize), Adapters: []string{"a"},
		Embed: backend.Embedding{Weight: matrix(c.VocabSize, c.HiddenSize), Adapted: []quant.Matrix{matrix(c.VocabSize, c.HiddenSize)}},
		Head: backend.Linear{Weight: matrix(c.VocabSize, c.HiddenSize), Adapted: []*backend.Adapted{
			{Weight: matrix(c.VocabSize, c.HiddenSize)},
		}},
	}
	for range c.NumHiddenLayers {
		var layer backend.Layer
		for n := range arch.Norms {
			layer.Norms[n] = norm(n.Width(c))
		}
		for l := range arch.Linears {
			layer.Linears[l] = linear(l.Shape(c))
		}
		w.Layers = append(w.Layers, layer)
	}
	return w
}

func newTestBackend(t testing.TB, o backend.Options) *Backend {
	b, err := New(t.Context(), testWeights(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func someTokens(n, seed int) (ids []int32) {
	for i := range n {
		ids = append(ids, int32((i*i+seed*7)%testConfig.VocabSize))
	}
	return ids
}

// read feeds tokens in pieces and returns the logits at the last.
func read(t *testing.T, b *Backend, c backend.Cache, adapter int, pieces ...[]int32) []float32 {
	logits := make([]float32, testConfig.VocabSize)
	for i, tokens := range pieces {
		span := backend.Span{Cache: c, Tokens: tokens, Adapter: adapter}
		if i == len(pieces)-1 {
			span.Rows = []backend.Row{{Logits: logits}}
		}
		require.NoError(t, b.Step(t.Context(), []backend.Span{span}))
	}
	return logits
}

func TestForksAndTruncationsShareNoMistakes(t *testing.T) {
	b := newTestBackend(t, backend.Options{Threads: 2})
	tokens := someTokens(150, 1)
	want := map[int][]float32{} // logits after a tail, by the length of the prefix
	tail := someTokens(20, 5)
	for _, n := range []int{1, 63, 64, 65, 128, 150} {
		c := b.NewCache()
		want[n] = read(t, b, c, -1, slices.Concat(tokens[:n], tail))
		c.Close()
	}
	parent := b.NewCache()
	read(t, b, parent, -1, tokens)
	for n, logits := range want {
		fork := parent.Fork(n)
		require.Equal(t, n, fork.Len())
		other := parent.Fork(n) // writes other tokens into its copy of the last page
		read(t, b, other, -1, someTokens(30, 9))
		if !slices.Equal(read(t, b, fork, -1, tail), logits) {
			t.Errorf("a fork after %d positions differs", n)
		}
		other.Truncate(n)
		if !slices.Equal(read(t, b, other, -1, tail), logits) {
			t.Errorf("a fork truncated to %d positions differs", n)
		}
		fork.Close()
		other.Close()
	}
	if !slices.Equal(read(t, b, parent, -1, tail), want[150]) {
		t.Error("the parent was written to")
	}
	page := b.store.PageBytes()
	if got := parent.Bytes(); got != 3*page {
		t.Errorf("%d bytes for three pages of %d", got, page)
	}
	fork := parent.Fork(64)
	if got := parent.Bytes() + fork.Bytes(); got != 3*page {
		t.Errorf("%d bytes for three pages of %d, one shared", got, page)
	}
	parent.Close()
	fork.Close()
	if n := b.store.Free(); n < 3 {
		t.Errorf("%d pages were given back", n)
	}
}

func TestSpansOfABatchAreIndependent(t *testing.T) {
	b := newTestBackend(t, backend.Options{Threads: 2})
	type job struct {
		tokens  []int32
		adapter int
		rows    int
	}
	jobs := []job{{someTokens(5, 1), 0, 1}, {someTokens(70, 2), -1, 3}, {someTokens(1, 3), -1, 1}, {someTokens(9, 4), 0, 9}, {someTokens(3, 5), -1, 0}}
	step := func(jobs ...job) (logits [][]float32) {
		var spans []backend.Span
		for _, j := range jobs {
			s := backend.Span{Cache: b.NewCache(), Tokens: j.tokens, Adapter: j.adapter}
			for range j.rows {
				row := make([]float32, testConfig.VocabSize)
				logits = append(logits, row)
				s.Rows = append(s.Rows, backend.Row{Logits: row})
			}
			spans = append(spans, s)
		}
		require.NoError(t, b.Step(t.Context(), spans))
		for _, s := range spans {
			require.Equal(t, len(s.Tokens), s.Cache.Len())
			s.Cache.Close()
		}
		return logits
	}
	var alone [][]float32
	for _, j := range jobs {
		alone = append(alone, step(j)...)
	}
	for i, row := range step(jobs...) {
		if !slices.Equal(row, alone[i]) {
			t.Errorf("row %d differs in company", i)
		}
	}
}

func TestMoreRowsThanLogitsInMemory(t *testing.T) {
	b := newTestBackend(t, backend.Options{Threads: 2})
	// A step must leave nothing behind that the next one's windows trip over.
	for seed := range 3 {
		tokens := someTokens(2*headRows+7, 3+seed)
		span := backend.Span{Cache: b.NewCache(), Tokens: tokens, Adapter: 0}
		for range tokens {
			span.Rows = append(span.Rows, backend.Row{Logits: make([]float32, testConfig.VocabSize), Rule: &choice.Rule{}, Choice: &choice.Choice{}})
		}
		require.NoError(t, b.Step(t.Context(), []backend.Span{span}))
		for _, n := range []int{1, headRows, headRows + 1, len(tokens)} {
			row := span.Rows[n-1]
			if !slices.Equal(row.Logits, read(t, b, b.NewCache(), 0, tokens[:n])) {
				t.Errorf("step %d: row %d differs", seed, n-1)
			}
			if best := slices.Index(row.Logits, slices.Max(row.Logits)); int(row.Choice.ID) != best {
				t.Errorf("step %d: row %d: id %d chosen, expected %d", seed, n-1, row.Choice.ID, best)
			}
		}
	}
}

func TestFailedStepLeavesCaches(t *testing.T) {
	b := newTestBackend(t, backend.Options{Threads: 2})
	tokens := someTokens(100, 1)
	c, untouched := b.NewCache(), b.NewCache()
	read(t, b, c, -1, tokens)
	read(t, b, untouched, -1, tokens)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := b.Step(ctx, []backend.Span{{Cache: c, Tokens: someTokens(90, 4), Adapter: -1}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 100, c.Len())
	require.Equal(t, untouched.Bytes(), c.Bytes())
	tail := someTokens(5, 8)
	require.Equal(t, read(t, b, untouched, -1, tail), read(t, b, c, -1, tail))
}

func TestNotFiniteIsAnError(t *testing.T) {
	w := testWeights()
	bad := make([]float32, testConfig.HiddenSize)
	bad[3] = float32(math.Inf(1))
	w.Norm.Adapted[0] = bad
	b, err := New(t.Context(), w, backend.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	var fine, poisoned, nothing choice.Choice
	rule, empty := &choice.Rule{}, &choice.Rule{Allowed: make([]uint64, 2)}
	require.NoError(t, b.Step(t.Context(), []backend.Span{
		{Cache: b.NewCache(), Tokens: []int32{1, 2}, Adapter: -1, Rows: []backend.Row{{Rule: rule, Choice: &fine}}},
		{Cache: b.NewCache(), Tokens: []int32{1, 2}, Adapter: 0, Rows: []backend.Row{{Rule: rule, Choice: &poisoned}}},
		{Cache: b.NewCache(), Tokens: []int32{1, 2}, Adapter: -1, Rows: []backend.Row{{Rule: empty, Choice: &nothing}}},
	}))
	require.NoError(t, fine.Err)
	require.ErrorIs(t, poisoned.Err, choice.ErrNotFinite)
	require.ErrorIs(t, nothing.Err, choice.ErrNothingAllowed)
}

func TestStepsOfOneTokenAllocateNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		b := newTestBackend(t, backend.Options{Threads: threads})
		c := b.NewCache()
		row := backend.Row{Rule: &choice.Rule{Penalty: 1.2, Penalised: make([]uint64, 2), Probes: []int32{4}}, Choice: new(choice.Choice)}
		spans := []backend.Span{{Cache: c, Tokens: []int32{1}, Adapter: 0, Rows: []backend.Row{row}}}
		step := func() {
			if err := b.Step(t.Context(), spans); err != nil {
				t.Fatal(err)
			}
			c.Truncate(min(c.Len(), 10))
		}
		for range 20 {
			step()
		}
		if n := testing.AllocsPerRun(50, step); n > 0.5 {
			t.Errorf("%d threads: %.1f allocations a step", threads, n)
		}
	}
}

func TestCacheBytesAPosition(t *testing.T) {
	b := newTestBackend(t, backend.Options{KV: "f16"})
	c := testConfig
	if want := int64(2 * 2 * c.NumKeyValueHeads * c.HeadDim * c.NumHiddenLayers); b.Info().CacheBytes != want {
		t.Errorf("%d bytes a position, expected %d", b.Info().CacheBytes, want)
	}
	if b.Info().WeightBytes <= b.Info().BytesPerStep || b.Info().BytesPerStep == 0 {
		t.Errorf("%+v", b.Info())
	}
}
