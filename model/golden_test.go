package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// goldenCase is an entry of generations.json.
type goldenCase struct {
	Model  string             `json:"model"`
	Prompt int                `json:"prompt"`
	IDs    []int32            `json:"ids"`
	Rows   string             `json:"logit_rows"`
	Greedy map[string][]int32 `json:"greedy"`
}

func TestGoldens(t *testing.T) {
	var cases []goldenCase
	readJSON(t, golden.Path(t, "generations.json"), &cases)
	logits := readTensors(t, golden.Path(t, "logits.safetensors"))
	models := map[string]*Model{}
	for _, c := range cases {
		if testing.Short() && (len(c.IDs) > 100 || c.Prompt > 2) {
			continue
		}
		m := models[c.Model]
		if m == nil {
			m = openGolden(t, c.Model, Options{})
			models[c.Model] = m
		}
		name := fmt.Sprintf("%s|%d", c.Model, c.Prompt)
		rows := 2
		if c.Rows == "all" {
			rows = len(c.IDs)
		}
		got, err := m.Logits(t.Context(), c.IDs, rows, "")
		require.NoError(t, err, name)
		compareLogits(t, name, got, logits[name])
		for how, want := range c.Greedy {
			r := Request{Tokens: c.IDs, MaxNewTokens: 48, RepetitionPenalty: 1}
			parseHow(t, how, &r)
			result, err := m.Generate(t.Context(), r)
			require.NoError(t, err, name)
			if got := result.IDs(); !slices.Equal(got, want) {
				t.Errorf("%s, %s:\n%v, expected\n%v", name, how, got, want)
			}
		}
	}
}

// parseHow reads generations.json's "penalty=1.15,eos=[3]".
func parseHow(t *testing.T, how string, r *Request) {
	for _, part := range strings.SplitN(how, ",", 2) {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "penalty":
			p, err := strconv.ParseFloat(value, 32)
			require.NoError(t, err)
			r.RepetitionPenalty = float32(p)
		case "eos":
			if !strings.HasPrefix(value, "[") {
				value = "[" + value + "]"
			}
			require.NoError(t, json.Unmarshal([]byte(value), &r.Stop))
		default:
			t.Fatalf("%q", how)
		}
	}
}

// openGolden opens a reference model, or an adapter on its base.
func openGolden(t *testing.T, name string, o Options) *Model {
	path := name
	if strings.HasPrefix(name, "adapters/") {
		o.Adapters = []string{golden.Path(t, name)}
		var c struct {
			Base string `json:"base_model_name_or_path"`
		}
		readJSON(t, golden.Path(t, name, "adapter_config.json"), &c)
		path = c.Base
	}
	m, err := Open(t.Context(), golden.Path(t, path), o)
	require.NoError(t, err, name)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// Logits agree within parity.md's absolute tolerance, or, where logits are so
// large that float32 sums in torch's own order are further from the exact
// ones, within a relative one.
const (
	absolute = 2e-4
	relative = 7e-6 // of the largest logit
)

func compareLogits(t *testing.T, name string, got [][]float32, want []float32) {
	worst, largest := 0.0, 0.0
	vocab := len(want) / len(got)
	for i, row := range got {
		require.Len(t, row, vocab, name)
		for id, v := range row {
			w := want[i*vocab+id]
			worst = max(worst, math.Abs(float64(v-w)))
			largest = max(largest, math.Abs(float64(w)))
		}
	}
	if worst > max(absolute, relative*largest) {
		t.Errorf("%s: logits differ by %.2g, the largest being %.3g", name, worst, largest)
	}
	t.Logf("%s: logits within %.2g", name, worst)
}

func readJSON(t *testing.T, path string, v any) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v))
}

func readTensors(t *testing.T, path string) map[string][]float32 {
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	all := map[string][]float32{}
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		m, err := tensor.Matrix()
		require.NoError(t, err)
		all[name], err = quant.ReadAll(m)
		require.NoError(t, err)
	}
	return all
}
