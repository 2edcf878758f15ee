package model

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// TestGoldensOfOtherShapes runs the cases of scripts/goldens_more.py: odd
// sizes, all head sizes, ragged 4-bit weights.
func TestGoldensOfOtherShapes(t *testing.T) {
	dir := filepath.Join(golden.Root(), "testdata", "goldens-more")
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
