package model

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// TestGoldensOfOtherShapes runs scripts/goldens_more.py's cases of odd sizes, all
// head sizes, and ragged 4-bit weights.
func TestGoldensOfOtherShapes(t *testing.T) { testGoldens(t, "goldens-more") }

// TestGoldensOfPackedIntegers runs scripts/goldens_packed.py's cases of the layouts of AWQ, GPTQ
// and compressed-tensors.
func TestGoldensOfPackedIntegers(t *testing.T) { testGoldens(t, "goldens-packed") }

// TestGoldensOfOtherFamilies runs the same script's cases of families beside
// Llama.
func TestGoldensOfOtherFamilies(t *testing.T) { testGoldens(t, "goldens-families") }

func testGoldens(t *testing.T, name string) {
	dir := filepath.Join(golden.Root(), "testdata", name)
	var cases []struct {
		Model    string             `json:"model"`
		Adapters []string           `json:"adapters"`
		IDs      []int32            `json:"ids"`
		Rows     int                `json:"rows"`
		Greedy   map[string][]int32 `json:"greedy"`
	}
	readJSON(t, filepath.Join(dir, "cases.json"), &cases)
	logits := readTensors(t, filepath.Join(dir, "logits.safetensors"))
	models := map[string]*Model{}
	for i, c := range cases {
		if testing.Short() && len(c.IDs) > 100 {
			continue
		}
		modes := []LoRA{LoRADefault}
		if len(c.Adapters) > 0 {
			modes = []LoRA{Merge, Unmerged}
		}
		for _, mode := range modes {
			name := fmt.Sprintf("%d: %s %v %s", i, c.Model, c.Adapters, mode)
			key := fmt.Sprint(c.Model, c.Adapters, mode)
			m := models[key]
			if m == nil {
				o := Options{LoRA: mode}
				for _, a := range c.Adapters {
					o.Adapters = append(o.Adapters, filepath.Join(dir, "adapters", a))
				}
				var err error
				m, err = Open(t.Context(), filepath.Join(dir, "models", c.Model), o)
				require.NoError(t, err, name)
				t.Cleanup(func() { require.NoError(t, m.Close()) })
				models[key] = m
			}
			got, err := m.Logits(t.Context(), c.IDs, c.Rows, "")
			require.NoError(t, err, name)
			compareLogits(t, name, got, logits[strconv.Itoa(i)])
			for penalty, want := range c.Greedy {
				p, err := strconv.ParseFloat(penalty, 32)
				require.NoError(t, err)
				result, err := m.Generate(t.Context(), Request{Tokens: c.IDs, MaxNewTokens: 24, RepetitionPenalty: float32(p)})
				require.NoError(t, err, name)
				if got := result.IDs(); !slices.Equal(got, want) {
					t.Errorf("%s, penalty %s:\n%v, expected\n%v", name, penalty, got, want)
				}
			}
		}
	}
}

// made returns the path of a model or an adapter that scripts/goldens_more.py or
// goldens_packed.py made, in any set; kind is "models" or "adapters".
func made(t testing.TB, kind, name string) string {
	t.Helper()
	for _, set := range []string{"goldens-more", "goldens-families", "goldens-packed"} {
		path := filepath.Join(golden.Root(), "testdata", set, kind, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("no %s/%s in any set", kind, name)
	return ""
}

// TestFormsOfOtherFamilies: whatever form the weights of a family beside Llama are
// held in, and in fast, the logits stay near those of float32.
func TestFormsOfOtherFamilies(t *testing.T) {
	for _, name := range []string{"qwen2", "qwen3", "qwen3-biased"} {
		logits := func(o Options) []float32 {
			m, err := Open(t.Context(), made(t, "models", name), o)
			require.NoError(t, err)
			defer func() { require.NoError(t, m.Close()) }()
			rows, err := m.Logits(t.Context(), []int32{5, 80, 13, 21, 99, 100, 4}, 1, "")
			require.NoError(t, err)
			return rows[0]
		}
		want := logits(Options{})
		for _, c := range []struct {
			o           Options
			least, most float64 // relative distance of the logits
		}{
			{Options{Hold: "f32"}, 0, 0},
			{Options{Hold: "bf16"}, 0, 0.02},
			{Options{Hold: "int8"}, 1e-4, 0.1},
			{Options{Hold: "nf4"}, 0.01, 0.7},
			{Options{KV: "f16"}, 1e-6, 0.01},
			{Options{Hold: "int8", Precision: "fast"}, 1e-4, 0.2},
		} {
			got := logits(c.o)
			var diff, norm float64
			for i := range want {
				diff += math.Pow(float64(got[i]-want[i]), 2)
				norm += math.Pow(float64(want[i]), 2)
			}
			d := math.Sqrt(diff / norm)
			t.Logf("%s held as %q, kv %q, precision %q: %.2g", name, c.o.Hold, c.o.KV, c.o.Precision, d)
			if d < c.least || d > c.most {
				t.Errorf("%s held as %q, kv %q, precision %q: logits are %.2g away", name, c.o.Hold, c.o.KV, c.o.Precision, d)
			}
		}
	}
}
