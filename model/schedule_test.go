package model

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/kernels"
)

// TestBitsAreTheSameInEveryBatch compares every bit of what the backend of the
// processors writes, greedily and by sampling, over threads, batches, chunks,
// drafts and the prefix cache.
func TestBitsAreTheSameInEveryBatch(t *testing.T) {
	for _, c := range []struct {
		model, adapter, kv string
		precision          Precision
	}{
		{model: "head-96-llama3"},
		{model: "nf4-f16", adapter: "four-bit"},
		{model: "fp4", adapter: "four-bit", precision: Fast},
		{model: "fp4-ragged-f16", adapter: "biases", kv: "f16"},
		{model: "qwen2", adapter: "qwen2-lora"},
		{model: "nf4-qwen3", adapter: "qwen3-dora"},
		{model: "nf4-qwen3", adapter: "qwen3-dora", precision: Fast},
		{model: "gemm-32", kv: "f16"}, // whose window is of 9 positions
		{model: "gptq-v2-32", adapter: "packed-dora"},
		{model: "gptq-v2-32", adapter: "packed-dora", precision: Fast},
	} {
		if testing.Short() && c.precision != Fast {
			continue
		}
		open := func(o Options) *Model {
			o.KV, o.Precision, o.LoRA = c.kv, c.precision, Unmerged
			if c.adapter != "" {
				o.Adapters = []string{made(t, "adapters", c.adapter)}
			}
			m, err := Open(t.Context(), made(t, "models", c.model), o)
			require.NoError(t, err)
			t.Cleanup(func() { _ = m.Close() })
			return m
		}
		plainly := open(Options{Threads: 1, Batch: 1, Draft: -1, PrefixCache: -1, PrefillChunk: 1000})
		requests := scheduleRequests(plainly, c.adapter != "")
		var want []string
		for _, r := range requests {
			want = append(want, written(t, plainly, r))
		}
		for name, o := range map[string]Options{
			"default":        {},
			"eight threads":  {Threads: 8},
			"chunks of 1":    {PrefillChunk: 1, Draft: -1},
			"chunks of 50":   {PrefillChunk: 50, PrefixCache: -1},
			"only drafts":    {Batch: 1, PrefixCache: -1, Draft: 15},
			"only batches":   {Draft: -1, PrefixCache: -1, Batch: 5},
			"only the cache": {Batch: 1, Draft: -1},
		} {
			t.Run(fmt.Sprintf("%s/%s", c.model, name), func(t *testing.T) {
				m := open(o)
				m.scheduler.chooseDrafts = takeAll
				var wg sync.WaitGroup
				for i, r := range requests {
					wg.Go(func() {
						if got := written(t, m, r); got != want[i] {
							t.Errorf("request %d:\n%s, expected\n%s", i, got, want[i])
						}
					})
				}
				wg.Wait()
				st := m.Stats()
				if o.PrefixCache == 0 && st.CachedTokens == 0 {
					t.Error("no prefix was shared")
				}
				if o.Draft >= 0 && st.AcceptedTokens == 0 {
					t.Error("no drafted token was accepted")
				}
			})
		}
	}
}

// scheduleRequests returns requests whose prompts share prefixes of many lengths,
// some longer than a page of the cache, with and without penalties, greedy and
// sampling, patient and not.
func scheduleRequests(m *Model, adapters bool) (requests []Request) {
	vocab := m.Config().VocabSize
	for i := range 10 {
		var prompt []int32
		for j := range 70 + 7*(i%3) {
			prompt = append(prompt, int32(3+j*j%(vocab-3)))
		}
		for j := range i % 4 * 13 {
			prompt = append(prompt, int32(3+(i*31+j)%(vocab-3)))
		}
		r := Request{Tokens: prompt, MaxNewTokens: 30, Stop: []int32{}, Probe: []int32{2}}
		r.RepetitionPenalty = []float32{1, 1.15, 1.5}[i%3]
		r.PenaltySparesPrompt, r.Patient = i == 4, i%3 == 1
		if i%3 == 2 {
			r.Sampling = Sampling{Temperature: 0.5, TopK: 50 * (i % 2), TopP: 0.95, Seed: uint64(i)}
		}
		if adapters && i%2 == 1 {
			r.Adapter = Base
		}
		requests = append(requests, r)
	}
	return requests
}

// written returns everything that a request brings, to the bit.
func written(t *testing.T, m *Model, r Request) (s string) {
	result, err := m.Generate(t.Context(), r)
	if err != nil {
		t.Error(err)
		return ""
	}
	for _, token := range result.Tokens {
		s += fmt.Sprintf("%d:%08x:%08x ", token.ID, math.Float32bits(token.LogProb), math.Float32bits(token.Probes[0]))
	}
	return s
}

// TestBitsAreTheSameByAllKernels compares the variants that this processor
// has with plain Go.
func TestBitsAreTheSameByAllKernels(t *testing.T) {
	for _, c := range []struct {
		model, adapter, kv string
		precision          Precision
	}{
		{model: "head-80-linear"},
		{model: "nf4-f16", adapter: "four-bit", kv: "f16"},
		{model: "fp4", adapter: "four-bit", precision: Fast},
		{model: "nf4-qwen2", adapter: "qwen2-lora", precision: Fast},
		{model: "qwen3", adapter: "qwen3-dora"},
	} {
		var want []string
		for _, v := range kernels.Variants() {
			if !v.Available {
				continue
			}
			restore, err := kernels.Force(v.Name)
			require.NoError(t, err)
			o := Options{KV: c.kv, Precision: c.precision, LoRA: Unmerged}
			if c.adapter != "" {
				o.Adapters = []string{made(t, "adapters", c.adapter)}
			}
			m, err := Open(t.Context(), made(t, "models", c.model), o)
			require.NoError(t, err)
			var got []string
			for _, r := range scheduleRequests(m, false)[:3] {
				got = append(got, written(t, m, r))
			}
			require.NoError(t, m.Close())
			restore()
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %s:\n%q, expected\n%q", c.model, v.Name, got, want)
			}
		}
	}
}

func TestAdapterIsChosenByRequest(t *testing.T) {
	dir := filepath.Join(golden.Root(), "testdata", "goldens-more")
	path := filepath.Join(dir, "models", "head-64-one")
	adapter := filepath.Join(dir, "adapters", "four-bit")
	both, err := Open(t.Context(), path, Options{Adapters: []string{adapter}, LoRA: Unmerged})
	require.NoError(t, err)
	defer func() { require.NoError(t, both.Close()) }()
	bare, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, bare.Close()) }()

	tokens := []int32{5, 80, 13, 21}
	logits := func(m *Model, name string) []float32 {
		rows, err := m.Logits(t.Context(), tokens, 1, name)
		require.NoError(t, err)
		return rows[0]
	}
	if !slices.Equal(logits(both, Base), logits(bare, "")) {
		t.Error("the base beside an adapter differs from the base alone")
	}
	if slices.Equal(logits(both, ""), logits(bare, "")) {
		t.Error("the adapter changes nothing")
	}
	if !slices.Equal(logits(both, ""), logits(both, "four-bit")) {
		t.Error("the only adapter isn't the default")
	}
	_, err = both.Logits(t.Context(), tokens, 1, "another")
	require.ErrorContains(t, err, "another")

	merged, err := Open(t.Context(), path, Options{Adapters: []string{adapter}})
	require.NoError(t, err)
	defer func() { require.NoError(t, merged.Close()) }()
	require.Equal(t, logits(merged, ""), logits(merged, "four-bit"))
	names, mode := merged.Adapters()
	require.Equal(t, []string{"four-bit"}, names)
	require.Equal(t, Merge, mode)
	_, err = merged.Logits(t.Context(), tokens, 1, Base)
	require.ErrorContains(t, err, Base)
	_, err = Open(t.Context(), path, Options{Adapters: []string{adapter, adapter}})
	require.ErrorContains(t, err, "twice")
}

func TestForms(t *testing.T) {
	dir := filepath.Join(golden.Root(), "testdata", "goldens-more")
	open := func(o Options) *Model {
		m, err := Open(t.Context(), filepath.Join(dir, "models", "head-64-one"), o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, m.Close()) })
		return m
	}
	tokens := []int32{5, 80, 13, 21, 99, 100, 4}
	logits := func(o Options) []float32 {
		rows, err := open(o).Logits(t.Context(), tokens, 1, "")
		require.NoError(t, err)
		return rows[0]
	}
	want := logits(Options{})
	for _, c := range []struct {
		name        string
		o           Options
		least, most float64 // relative distance of the logits
	}{
		{"f32", Options{Hold: "f32"}, 0, 0},
		{"bf16", Options{Hold: "bf16"}, 1e-4, 0.02},
		{"int8", Options{Hold: "int8"}, 1e-4, 0.05},
		{"nf4", Options{Hold: "nf4"}, 0.01, 0.5},
		{"f16 cache", Options{KV: "f16"}, 1e-6, 0.01},
		{"fast", Options{Hold: "int8", Precision: "fast"}, 1e-4, 0.1},
	} {
		got := logits(c.o)
		var diff, norm float64
		for i := range want {
			diff += math.Pow(float64(got[i]-want[i]), 2)
			norm += math.Pow(float64(want[i]), 2)
		}
		d := math.Sqrt(diff / norm)
		t.Logf("%s: %.2g", c.name, d)
		if d < c.least || d > c.most {
			t.Errorf("%s: logits are %.2g away", c.name, d)
		}
	}
	for field, o := range map[string]Options{
		"weights": {Hold: "int4"}, "precision": {Precision: "f64"}, "kv dtype": {KV: "q8"}, "device": {Device: "tpu"},
		"lora": {LoRA: "add"}, "batch": {Batch: -1}, "context": {Context: -5}, "threads": {Threads: -1}, "threads: found 1048576": {Threads: 1 << 20}, "prefill chunk": {PrefillChunk: -2},
	} {
		_, err := Open(t.Context(), filepath.Join(dir, "models", "head-64-one"), o)
		require.ErrorContains(t, err, field)
	}
}

func TestMergingLogsWhatSurvives(t *testing.T) {
	dir := filepath.Join(golden.Root(), "testdata", "goldens-more")
	var lines []string
	m, err := Open(t.Context(), filepath.Join(dir, "models", "nf4-f16"), Options{
		Adapters: []string{filepath.Join(dir, "adapters", "four-bit")}, LoRA: MergeNF4,
		Log: func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) },
	})
	require.NoError(t, err)
	require.NoError(t, m.Close())
	lines = slices.DeleteFunc(lines, func(s string) bool { return strings.Contains(s, "plain Go") }) // a build without assembly says so
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "survives")
	t.Log(lines[0])
}
