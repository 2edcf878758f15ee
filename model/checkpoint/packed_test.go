package checkpoint

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

const queries = "model.layers.0.self_attn.q_proj"

// packedModel returns one of the models that scripts/goldens_packed.py made, to be bent.
func packedModel(t testing.TB, name string) *model {
	t.Helper()
	dir := filepath.Join(golden.Root(), "testdata", "goldens-packed", "models", name)
	m := &model{tensors: map[string]safetensors.Source{}, files: map[string]string{}}
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &m.config))
	if text, err := os.ReadFile(filepath.Join(dir, "quantize_config.json")); err == nil {
		m.files["quantize_config.json"] = string(text)
	}
	r, err := safetensors.Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for _, name := range r.Names() {
		tensor, _ := r.Tensor(name)
		m.tensors[name] = safetensors.Bytes(name, tensor.DType, tensor.Shape, slices.Clone(tensor.Data))
	}
	return m
}

// quantization replaces a field of the quantization_config.
func (m *model) quantization(field string, value any) {
	m.config["quantization_config"].(map[string]any)[field] = value
}

// bytes replaces a tensor, or adds one.
func (m *model) bytes(name string, dtype safetensors.DType, shape []int, data []byte) {
	m.tensors[name] = safetensors.Bytes(name, dtype, shape, data)
}

// views opens a directory and views every weight.
func views(t testing.TB, dir string) error {
	t.Helper()
	c, err := Open(dir)
	if err != nil {
		return err
	}
	for _, w := range c.Weights() {
		if _, e := c.Matrix(w.Name); e != nil && err == nil {
			err = e
		}
	}
	return errors.Join(err, c.Close())
}

func TestPackedDirectories(t *testing.T) {
	for name, want := range map[string]string{
		"gemm-128": "AWQ GEMM", "gemv-32": "AWQ GEMV", "gptq-128": "GPTQ v1", "gptq-v2-64": "GPTQ v2", "compressed-odd": "compressed-tensors pack-quantized",
	} {
		c := open(t, packedModel(t, name).write(t))
		m, err := c.Matrix(queries + ".weight")
		require.NoError(t, err, name)
		require.Equal(t, quant.U4, m.Format())
		require.Equal(t, want, m.(*quant.Grouped).Layout().String())
		m, err = c.Matrix(EmbeddingName)
		require.NoError(t, err)
		require.NotEqual(t, quant.U4, m.Format())
		require.Empty(t, c.Warnings)
	}
	m := packedModel(t, "gptq-128")
	config := m.files["quantize_config.json"]
	m.files = map[string]string{"quant_config.json": config}
	require.ErrorContains(t, views(t, m.write(t)), "quant_config.json", "AWQ's file, with GPTQ's fields")
}

// TestHostilePackedDirectories bends one thing of a good model in each case.
func TestHostilePackedDirectories(t *testing.T) {
	for _, c := range []struct {
		name, model string
		bend        func(m *model)
		want        string
	}{
		{"3 bits", "gemm-128", func(m *model) { m.quantization("bits", 3) }, "config.json: quantization_config: bits: found 3, expected 4"},
		{"8 bits", "gptq-all", func(m *model) { m.quantization("bits", 8) }, "bits: found 8"},
		{"version", "gemm-128", func(m *model) { m.quantization("version", "gemv_fast") }, "version: found \"gemv_fast\""},
		{"another version's tensors", "gemm-128", func(m *model) { m.quantization("version", "gemv") }, queries},
		{"v1 as marlin", "gptq-all", func(m *model) { m.quantization("checkpoint_format", "marlin") }, "marlin"},
		{"group that doesn't divide", "gemm-128", func(m *model) { m.quantization("group_size", 96) }, "group_size: found 96, expected a divisor"},
		{"another group", "gemm-128", func(m *model) { m.quantization("group_size", 64) }, ".qzeros: shape"},
		{"no zeros", "gemv-64", func(m *model) { delete(m.tensors, queries+".qzeros") }, queries + ".qzeros: found no such tensor"},
		{"no scales", "gptq-v2-64", func(m *model) { delete(m.tensors, queries+".scales") }, queries + ".scales: found no such tensor"},
		{"no codes", "gemm-128", func(m *model) { delete(m.tensors, queries+".qweight") }, queries},
		{"zeros of another shape", "gemm-128", func(m *model) { m.bytes(queries+".qzeros", safetensors.I32, []int{2, 16}, make([]byte, 128)) }, ".qzeros: shape: found [2 16]"},
		{"zeros of bytes", "gemm-128", func(m *model) { m.bytes(queries+".qzeros", safetensors.U8, []int{1, 16}, make([]byte, 16)) }, "dtype: found U8"},
		{"scale NaN", "gemm-128", func(m *model) {
			m.bytes(queries+".scales", safetensors.F16, []int{1, 128}, slices.Repeat([]byte{0, 0x7e}, 128))
		}, "scales: found NaN"},
		{"scale infinite", "compressed-64", func(m *model) {
			m.bytes(queries+".weight_scale", safetensors.F16, []int{128, 1}, slices.Repeat([]byte{0, 0x7c}, 128))
		}, "scales: found +Inf"},
		{"scales of integers", "gemm-128", func(m *model) { m.bytes(queries+".scales", safetensors.I32, []int{1, 128}, make([]byte, 512)) }, "dtype: found I32"},
		{"act-order", "gptq-v2-32", func(m *model) {
			m.bytes(queries+".g_idx", safetensors.I32, []int{96}, slices.Repeat([]byte{1, 0, 0, 0}, 96))
		}, "(act-order)"},
		{"desc_act without g_idx", "gptq-v2-32", func(m *model) { delete(m.tensors, queries+".g_idx") }, queries + ".g_idx: found no such tensor"},
		{"g_idx in AWQ", "gemm-128", func(m *model) { m.set(queries+".g_idx", 128) }, queries + ".g_idx: found a tensor that the configuration does not ask for"},
		{"weight_shape disagrees", "compressed-64", func(m *model) {
			m.bytes(queries+".weight_shape", safetensors.I64, []int{2}, append([]byte{64, 0, 0, 0, 0, 0, 0, 0}, 64, 0, 0, 0, 0, 0, 0, 0))
		}, "shape"},
		{"another model's shape", "compressed-64", func(m *model) { m.config["num_attention_heads"] = 2 }, "shape: found [128 64], expected 64 × 64 numbers, as config.json says"},
		{"a plain weight too", "gemm-128", func(m *model) { m.set(queries+".weight", 128, 128) }, "a plain weight beside the packed one"},
		{"packed embedding", "gemm-128", func(m *model) {
			delete(m.tensors, EmbeddingName)
			m.bytes("model.embed_tokens.qweight", safetensors.I32, []int{128, 2}, make([]byte, 1024))
		}, "only linear maps may be packed"},
		{"quantised although left out", "gemm-128", func(m *model) { m.quantization("modules_to_not_convert", []string{"self_attn"}) }, `quantization_config leaves out "self_attn"`},
		{"ignored although packed", "compressed-64", func(m *model) { m.quantization("ignore", []string{"re:.*q_proj"}) }, `leaves out "re:.*q_proj"`},
		{"no configuration", "gemm-128", func(m *model) { delete(m.config, "quantization_config") }, "quantization_config: found none, expected one that says how"},
		{"another method", "gemm-128", func(m *model) {
			m.config["quantization_config"] = map[string]any{"quant_method": "bitsandbytes", "load_in_4bit": true}
		}, `quant_method: found bitsandbytes`},
		{"bias that isn't zero", "gptq-128", func(m *model) { m.set("model.layers.0.mlp.up_proj.bias", 256) }, "up_proj.bias: found a tensor that the configuration does not ask for"},
		{"beside the config: 3 bits", "gptq-128", func(m *model) { m.files["quantize_config.json"] = `{"bits":3,"group_size":128}` }, "quantize_config.json: bits: found 3"},
		{"beside the config: no JSON", "gptq-128", func(m *model) { m.files["quantize_config.json"] = `{` }, "quantize_config.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := packedModel(t, c.model)
			c.bend(m)
			err := views(t, m.write(t))
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.NotEmpty(t, bad.File)
			require.ErrorContains(t, err, c.want)
		})
	}
	dir := packedModel(t, "gemm-128").write(t)
	path := filepath.Join(dir, safetensors.FileName)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-64))
	var bad *badinput.Error
	require.ErrorAs(t, views(t, dir), &bad, "truncated")
}

// TestStaleIndex: weights are read from the files that are there.
func TestStaleIndex(t *testing.T) {
	const stale = `{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`
	m := newModel()
	m.files[safetensors.IndexName] = stale
	dir := m.write(t)
	c := open(t, dir)
	require.Len(t, c.Warnings, 1)
	require.Contains(t, c.Warnings[0], "names model-00001-of-00002.safetensors, which isn't there")
	single := filepath.Join(dir, safetensors.FileName)

	require.NoError(t, os.Rename(single, filepath.Join(dir, "gptq_model-4bit-128g.safetensors")))
	c = open(t, dir)
	require.Len(t, c.Warnings, 1)
	require.Contains(t, c.Warnings[0], "gptq_model-4bit-128g.safetensors, the one file")
	require.NoError(t, os.Remove(filepath.Join(dir, safetensors.IndexName)))
	require.Len(t, open(t, dir).Warnings, 1)

	// Of two files neither is chosen, and an index whose shards are there is used.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.safetensors"), nil, 0o600))
	require.Error(t, views(t, dir))
	require.NoError(t, os.Remove(filepath.Join(dir, "other.safetensors")))
	names := map[string]string{}
	for name := range maps.Keys(m.tensors) {
		names[name] = "gptq_model-4bit-128g.safetensors"
	}
	index, err := json.Marshal(map[string]any{"weight_map": names})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, safetensors.IndexName), index, 0o600))
	require.Empty(t, open(t, dir).Warnings)
}

// FuzzOpenPacked replaces the bytes, the shape and the type of a tensor, and a field of
// the configuration.
func FuzzOpenPacked(f *testing.F) {
	models := []string{"gemm-all", "gemv-32", "gptq-all", "gptq-v2-32", "compressed-odd", "compressed-64"}
	f.Add(uint8(0), uint8(3), uint8(1), 8, 72, 5, byte(0x7c), "group_size", "32")
	f.Add(uint8(4), uint8(20), uint8(2), 2, 0, 0, byte(9), "ignore", `["re:.*"]`)
	f.Add(uint8(3), uint8(9), uint8(0), 96, 0, 4, byte(2), "checkpoint_format", `"gptq"`)
	dtypes := []safetensors.DType{safetensors.I32, safetensors.F16, safetensors.I64, safetensors.BF16, safetensors.F32}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, model, tensor, dtype uint8, rows, cols, at int, b byte, field, value string) {
		m := packedModel(t, models[int(model)%len(models)])
		names := slices.Sorted(maps.Keys(m.tensors))
		name := names[int(tensor)%len(names)]
		if json.Valid([]byte(value)) {
			m.quantization(field, json.RawMessage(value))
		}
		d := dtypes[int(dtype)%len(dtypes)]
		shape, n := []int{rows}, rows
		if cols > 0 {
			shape, n = []int{rows, cols}, rows*cols
		}
		if rows > 0 && rows < 1000 && cols >= 0 && cols < 1000 {
			data := make([]byte, n*d.Size())
			if at >= 0 && at < len(data) {
				data[at] = b
			}
			m.bytes(name, d, shape, data)
		}
		text, err := json.Marshal(m.config)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600))
		require.NoError(t, safetensors.WriteFile(filepath.Join(dir, safetensors.FileName), slices.Collect(maps.Values(m.tensors)), nil))
		var bad *badinput.Error
		if err := views(t, dir); err != nil && !errors.As(err, &bad) {
			t.Fatalf("untyped error %v", err)
		}
	})
}
