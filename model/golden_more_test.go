package model

import (
	"fmt"
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

// made returns the path of a model or an adapter that scripts/goldens_more.py
// made, in either set; kind is "models" or "adapters".
func made(t testing.TB, kind, name string) string {
	t.Helper()
	for _, set := range []string{"goldens-more", "goldens-families"} {
		path := filepath.Join(golden.Root(), "testdata", set, kind, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("no %s/%s in either set", kind, name)
	return ""
}
