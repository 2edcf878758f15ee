package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/tokenizer"
)

// patched returns biased.gguf with the 32-bit value of a metadata key replaced.
func patched(t testing.TB, key string, value uint32) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/biased.gguf")
	require.NoError(t, err)
	at := bytes.Index(data, []byte(key))
	require.Positive(t, at, key)
	binary.LittleEndian.PutUint32(data[at+len(key)+4:], value)
	return data
}

// replaced returns a file with a text replaced by another of its length.
func replaced(t testing.TB, file, from, to string) []byte {
	t.Helper()
	require.Len(t, to, len(from))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Contains(data, []byte(from)), from)
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}

func TestHostileGGUF(t *testing.T) {
	const biased, tiny = "testdata/biased.gguf", "testdata/tiny-llama.gguf"
	nan := math.Float32bits(float32(math.NaN()))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"other architecture":      {replaced(t, biased, "\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00gemma"), `general.architecture: found "gemma", expected "llama" or "qwen2" or "qwen3"`},
		"no context length":       {replaced(t, biased, "llama.context_length", "llama.context_lengtx"), "llama.context_length: found nothing"},
		"no heads":                {patched(t, "llama.attention.head_count", 0), "num_attention_heads: found 0"},
		"heads not dividing":      {patched(t, "llama.attention.head_count", 5), "num_key_value_heads: found 2"},
		"10^9 layers":             {patched(t, "llama.block_count", 1e9), "num_hidden_layers: found 1000000000"},
		"one layer more":          {patched(t, "llama.block_count", 2), "model.layers.1.input_layernorm.weight: found no such tensor"},
		"NaN eps":                 {patched(t, "llama.attention.layer_norm_rms_epsilon", nan), "layer_norm_rms_epsilon: found NaN"},
		"zero eps":                {patched(t, "llama.attention.layer_norm_rms_epsilon", 0), "rms_norm_eps: found 0"},
		"infinite rope base":      {patched(t, "llama.rope.freq_base", 0x7f800000), "llama.rope.freq_base: found +Inf"},
		"keys of another size":    {patched(t, "llama.attention.value_length", 16), "llama.attention.value_length: found 16, expected 32"},
		"part of a head rotated":  {patched(t, "llama.rope.dimension_count", 16), "llama.rope.dimension_count: found 16, expected 32"},
		"vocabulary ≠ embeddings": {patched(t, "llama.vocab_size", 41), "model.embed_tokens.weight: shape: found [40 64], expected 41 × 64"},
		"yarn":                    {replaced(t, biased, "linear", "yarn  "), "rope_type"},
		"unknown tensor":          {replaced(t, biased, "blk.0.attn_q.bias", "blk.0.attn_x.bias"), "blk.0.attn_x.bias: found a tensor that is not a decoder's"},
		"transformers' name":      {replaced(t, biased, "blk.0.attn_output.bias", "model.layers.0.mlp.bia"), "model.layers.0.mlp.bia: found a tensor that is not"},
		"one more tensor":         {replaced(t, tiny, "rope_freqs.weight", "rope_freqx.weight"), "rope_freqx.weight: found a tensor that is not a decoder's"},
		"factors of another size": {replaced(t, tiny, "rope_freqs.weight\x01\x00\x00\x00\x20", "rope_freqs.weight\x01\x00\x00\x00\x1f"), "rope_freqs.weight: shape: found [31]"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.gguf")
			require.NoError(t, os.WriteFile(path, test.data, 0o600))
			err := openAndView(path)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, path, bad.File)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestGGUFTokenizer(t *testing.T) {
	want, err := open(t, golden.Path(t, "tiny-llama")).Text().Tokenizer()
	require.NoError(t, err)
	c := open(t, "testdata/tiny-llama.gguf")
	got, err := c.Text().Tokenizer()
	require.NoError(t, err)
	files, err := c.Text().Files()
	require.NoError(t, err)
	written, err := tokenizer.Parse("tokenizer.json", files["tokenizer.json"])
	require.NoError(t, err)
	for _, text := range []string{"", "Don't give 12345 mg of α-tocopherol.", "  a\n\n b<|eot_id|>日本語"} {
		for _, o := range []tokenizer.EncodeOptions{{}, {AddSpecial: true, ParseSpecial: true}} {
			require.Equal(t, want.Encode(text, o), got.Encode(text, o), text)
			require.Equal(t, want.Encode(text, o), written.Encode(text, o), text)
		}
	}
	var config map[string]any
	require.NoError(t, json.Unmarshal(files["tokenizer_config.json"], &config))
	require.Equal(t, "<|begin_of_text|>", config["bos_token"])
	require.Equal(t, "<|eot_id|>", config["eos_token"])
	require.Contains(t, string(files["chat_template.jinja"]), "<|start_header_id|>")
	g, err := arch.ParseGeneration("generation_config.json", files["generation_config.json"])
	require.NoError(t, err)
	require.Equal(t, generation(t, c), g)

	bare := open(t, "testdata/biased.gguf")
	_, err = bare.Text().Tokenizer()
	var absent *AbsentError
	require.ErrorAs(t, err, &absent)
	require.ErrorContains(t, err, "tokenizer.ggml.model: found nothing")
	files, err = bare.Text().Files()
	require.NoError(t, err)
	require.Len(t, files, 1, "generation_config.json alone")
}

func TestUnnamedFactorsStayFactors(t *testing.T) {
	data, err := os.ReadFile("testdata/tiny-llama.gguf")
	require.NoError(t, err)
	c := open(t, "testdata/tiny-llama.gguf")
	tensor, ok := c.source.(*ggufFile).file.Tensor(ropeFactors)
	require.True(t, ok)
	at := bytes.Index(data, tensor.Data)
	require.Positive(t, at)
	for i := range 32 {
		binary.LittleEndian.PutUint32(data[at+4*i:], math.Float32bits(float32(i+1)))
	}
	path := filepath.Join(t.TempDir(), "x.gguf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	bent := open(t, path)
	require.Equal(t, "default", bent.Config.Rope.Type)
	require.Len(t, bent.Config.Rope.Factors, 32)
	binary.LittleEndian.PutUint32(data[at:], 0)
	require.NoError(t, os.WriteFile(path+"2", data, 0o600))
	_, err = Open(path + "2")
	require.ErrorContains(t, err, "rope_freqs.weight: found 0, expected positive numbers")
}

// TestGGUFOfOtherFamilies: a GGUF file of a family beside Llama is the directory
// that it was made of, to the bit. Its query and key rows are not in pairs.
func TestGGUFOfOtherFamilies(t *testing.T) {
	for _, name := range []string{"qwen2", "qwen3"} {
		want := open(t, filepath.Join(golden.Root(), "testdata", "goldens-families", "models", name))
		got := open(t, filepath.Join("testdata", name+".gguf"))
		require.Equal(t, want.Weights(), got.Weights(), name)
		for _, w := range want.Weights() {
			require.Equal(t, numbers(t, want, w.Name), numbers(t, got, w.Name), "%s: %s", name, w.Name)
		}
		config := *got.Config
		config.BosTokenID, config.DType = want.Config.BosTokenID, want.Config.DType // which the file doesn't say
		require.Equal(t, want.Config, &config, name)
	}
}

// numbers reads a weight.
func numbers(t *testing.T, c *Checkpoint, name string) []float32 {
	t.Helper()
	m, err := c.Matrix(name)
	require.NoError(t, err)
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	return v
}

// openAndView opens a file and views every weight.
func openAndView(path string) error {
	c, err := Open(path)
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

// FuzzOpenGGUF overwrites a part of a good file.
func FuzzOpenGGUF(f *testing.F) {
	good, err := os.ReadFile("testdata/biased.gguf")
	require.NoError(f, err)
	const header = 2048
	f.Add(uint16(0), []byte("GGUF"))
	f.Add(uint16(8), []byte{255})
	for _, key := range []string{"llama.block_count", "llama.attention.head_count", "llama.rope.freq_base", "general.architecture"} {
		f.Add(uint16(bytes.Index(good, []byte(key))+len(key)), []byte{4, 0, 0, 0, 0, 0, 0, 0})
	}
	path := filepath.Join(f.TempDir(), "x.gguf")
	f.Fuzz(func(t *testing.T, at uint16, part []byte) {
		data := bytes.Clone(good)
		copy(data[at%header:], part[:min(len(part), header)])
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *badinput.Error
		if err := openAndView(path); err != nil && !errors.As(err, &bad) {
			t.Fatalf("untyped error %v", err)
		}
	})
}

// Of several special tokens that aren't there, the error names the same one each time.
func TestErrorsOfSpecialTokensDoNotVary(t *testing.T) {
	data, err := os.ReadFile("testdata/tiny-llama.gguf")
	require.NoError(t, err)
	for _, key := range []string{"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"} {
		at := bytes.Index(data, []byte(key))
		require.Positive(t, at, key)
		binary.LittleEndian.PutUint32(data[at+len(key)+4:], 1e6)
	}
	path := filepath.Join(t.TempDir(), "x.gguf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	for range 20 {
		require.ErrorContains(t, ggufText(path).read(func(m ggufMetadata) error {
			_, err := m.tokenizerConfig()
			return err
		}), "bos_token_id: found 1000000")
	}
}
