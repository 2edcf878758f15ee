package model

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/safetensors"
)

// misaligned copies a folder, with three bytes before the first tensor of each
// safetensors file, under a name that models ignore and adapters skip, so that no wide
// element lies where its type would.
func misaligned(t *testing.T, from, extra string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(from))
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	paths, err := filepath.Glob(filepath.Join(dir, "*"+filepath.Ext(safetensors.FileName)))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		n := 8 + binary.LittleEndian.Uint64(data)
		var header map[string]map[string]any
		require.NoError(t, json.Unmarshal(data[8:n], &header))
		for name, entry := range header {
			if name != "__metadata__" {
				at := entry["data_offsets"].([]any)
				entry["data_offsets"] = []any{at[0].(float64) + 3, at[1].(float64) + 3}
			}
		}
		header[extra] = map[string]any{"dtype": "U8", "shape": []int{3}, "data_offsets": []int{0, 3}}
		text, err := json.Marshal(header)
		require.NoError(t, err)
		out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
		out = append(append(append(out, text...), 1, 2, 3), data[n:]...)
		require.NoError(t, os.WriteFile(path, out, 0o600))
	}
	return dir
}

// Files whose tensors lie at any byte are read like others, to the same bits.
func TestMisalignedTensors(t *testing.T) {
	tokens := []int32{1, 5, 80, 13, 21}
	logits := func(path string, o Options) [][]float32 {
		m, err := Open(t.Context(), path, o)
		require.NoError(t, err)
		defer func() { require.NoError(t, m.Close()) }()
		rows, err := m.Logits(t.Context(), tokens, 1, "")
		require.NoError(t, err)
		return rows
	}
	const ignored = "model.layers.0.self_attn.rotary_emb.inv_freq"
	for _, name := range []string{"goldens/tiny-llama-nf4", "goldens/tiny-llama-nf4-bf16", "goldens-packed/models/gemm-128", "goldens-packed/models/compressed-32", "goldens-more/models/odd-100", "goldens-more/models/head-128"} {
		path := filepath.Join(golden.Root(), "testdata", name)
		moved := misaligned(t, path, ignored)
		for _, precision := range []Precision{F32, Fast} {
			o := Options{Precision: precision}
			require.Equal(t, logits(path, o), logits(moved, o), "%s, %s", name, precision)
		}
	}
	base, adapter := golden.Path(t, "tiny-llama"), golden.Path(t, "adapters/dora")
	moved := misaligned(t, adapter, "base_model.model.original_module.x")
	for _, mode := range []LoRA{Merge, Unmerged} {
		require.Equal(t, logits(base, Options{Adapters: []string{adapter}, LoRA: mode}), logits(base, Options{Adapters: []string{moved}, LoRA: mode}), mode)
	}
}
