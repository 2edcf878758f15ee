package quantize

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

func open(t *testing.T, path string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func read(t *testing.T, c *checkpoint.Checkpoint, name string) []float32 {
	t.Helper()
	m, err := c.Matrix(name)
	require.NoError(t, err)
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	return v
}

// converted converts a checkpoint and opens the result.
func converted(t *testing.T, src *checkpoint.Checkpoint, o Options) *checkpoint.Checkpoint {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "out")
	require.NoError(t, Convert(context.Background(), src, dst, o))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dst), ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files")
	return open(t, dst)
}

func TestNF4IsWhatTransformersSaves(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama"))
	want := open(t, golden.Path(t, "tiny-llama-nf4"))
	got := converted(t, src, Options{DoubleQuant: true})
	require.Equal(t, want.Config.Quantization.QuantType, got.Config.Quantization.QuantType)
	require.True(t, got.Config.Quantization.DoubleQuant)
	wanted, err := want.Text().Generation()
	require.NoError(t, err)
	written, err := got.Text().Generation()
	require.NoError(t, err)
	require.Equal(t, wanted, written)
	require.Equal(t, want.Weights(), got.Weights())
	for _, w := range got.Weights() {
		m, err := got.Matrix(w.Name)
		require.NoError(t, err)
		if w.Kind != checkpoint.Linear {
			require.Equal(t, quant.BF16, m.Format(), "%s keeps its format", w.Name)
			require.Equal(t, read(t, src, w.Name), read(t, got, w.Name))
			continue
		}
		reference, err := want.Matrix(w.Name)
		require.NoError(t, err)
		a, b := reference.(*quant.FourBit), m.(*quant.FourBit)
		require.True(t, bytes.Equal(a.Packed, b.Packed), w.Name)
		require.Equal(t, quant.F32, b.State)
		require.InDelta(t, a.Double.Offset, b.Double.Offset, 1e-6)
	}
	tokenizer, err := os.ReadFile(golden.Path(t, "tiny-llama", "tokenizer.json"))
	require.NoError(t, err)
	copied, err := os.ReadFile(filepath.Join(got.Path, "tokenizer.json"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(tokenizer, copied))
}

func TestConfigKeepsWhatItDoesNotKnow(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama-nf4"))
	got := converted(t, src, Options{To: quant.BF16})
	var before, after map[string]any
	require.NoError(t, json.Unmarshal(src.ConfigJSON, &before))
	require.NoError(t, json.Unmarshal(got.ConfigJSON, &after))
	delete(before, "quantization_config")
	before["dtype"], before["torch_dtype"] = "bfloat16", "bfloat16"
	require.Equal(t, before, after)
}

func TestShardsHoldTheSame(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama"))
	whole := converted(t, src, Options{})
	var steps []int
	total := 0
	cut := converted(t, src, Options{MaxShard: 300_000, Progress: func(done, n int) { steps, total = append(steps, done), n }})
	shards, err := filepath.Glob(filepath.Join(cut.Path, "model-*-of-*.safetensors"))
	require.NoError(t, err)
	require.Greater(t, len(shards), 3)
	for _, w := range whole.Weights() {
		require.Equal(t, read(t, whole, w.Name), read(t, cut, w.Name), w.Name)
	}
	require.Equal(t, len(src.Weights()), total)
	require.Len(t, steps, total)
	require.Equal(t, total, steps[total-1])
}

func TestEveryFormat(t *testing.T) {
	src := open(t, "../../model/checkpoint/testdata/biased.gguf")
	exact := converted(t, src, Options{To: quant.F32})
	require.Equal(t, "float32", exact.Config.DType)
	for _, w := range src.Weights() {
		require.Equal(t, read(t, src, w.Name), read(t, exact, w.Name), w.Name)
	}
	require.Equal(t, src.Config.Rope, exact.Config.Rope)
	for _, f := range []quant.Format{quant.BF16, quant.F16} {
		got := converted(t, src, Options{To: f})
		for _, w := range src.Weights() {
			m, err := got.Matrix(w.Name)
			require.NoError(t, err)
			require.Equal(t, f, m.Format())
			want := read(t, src, w.Name)
			quant.Round(f, want)
			require.Equal(t, want, read(t, got, w.Name), w.Name)
		}
	}
	fp4 := converted(t, src, Options{To: quant.FP4})
	require.Equal(t, "fp4", fp4.Config.Quantization.QuantType)
	head, err := fp4.Matrix(checkpoint.HeadName)
	require.NoError(t, err)
	require.Equal(t, quant.F32, head.Format(), "a head is not quantised")
}

func TestRoundingComesFirst(t *testing.T) {
	src := open(t, "../../model/checkpoint/testdata/biased.gguf")
	through := converted(t, converted(t, src, Options{To: quant.BF16}), Options{DoubleQuant: true})
	direct := converted(t, src, Options{DoubleQuant: true, Round: quant.BF16})
	for _, w := range src.Weights() {
		require.Equal(t, read(t, through, w.Name), read(t, direct, w.Name), w.Name)
	}
}

func TestQuantisedIsCopied(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama-nf4-bf16"))
	got := converted(t, src, Options{DoubleQuant: true})
	for _, w := range src.Weights() {
		require.Equal(t, read(t, src, w.Name), read(t, got, w.Name), w.Name)
	}
	plain := converted(t, src, Options{})
	const name = "model.layers.0.mlp.up_proj.weight"
	m, err := plain.Matrix(name)
	require.NoError(t, err)
	require.Nil(t, m.(*quant.FourBit).Double)
}

func TestRefusals(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama"))
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "x"), nil, 0o600))
	for name, test := range map[string]struct {
		dst string
		o   Options
	}{
		"directory in use":     {full, Options{}},
		"GGML format":          {"out", Options{To: quant.Q8_0}},
		"rounded to F32":       {"out", Options{Round: quant.F32}},
		"double-quantised f32": {"out", Options{To: quant.F32, DoubleQuant: true}},
	} {
		dst := test.dst
		if dst == "out" {
			dst = filepath.Join(t.TempDir(), "out")
		}
		err := Convert(context.Background(), src, dst, test.o)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
	}
	_, err := os.Stat(filepath.Join(full, "x"))
	require.NoError(t, err)
}

func TestStoppedLeavesNothing(t *testing.T) {
	src := open(t, golden.Path(t, "tiny-llama"))
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	err := Convert(ctx, src, filepath.Join(parent, "out"), Options{Progress: func(done, _ int) {
		if done == 5 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	entries, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.NoError(t, os.Mkdir(filepath.Join(parent, "out"), 0o755))
	require.NoError(t, Convert(context.Background(), src, filepath.Join(parent, "out"), Options{}), "an empty directory will do")
	_, err = os.Stat(filepath.Join(parent, "out", safetensors.FileName))
	require.NoError(t, err)
}
