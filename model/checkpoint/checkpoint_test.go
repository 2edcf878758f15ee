package checkpoint

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

func open(t testing.TB, path string) *Checkpoint {
	t.Helper()
	c, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func read(t testing.TB, c *Checkpoint, name string) []float32 {
	t.Helper()
	m, err := c.Matrix(name)
	require.NoError(t, err)
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	return v
}

func generation(t *testing.T, c *Checkpoint) *arch.Generation {
	t.Helper()
	g, err := c.Text().Generation()
	require.NoError(t, err)
	return g
}

func TestShardedDirectory(t *testing.T) {
	c := open(t, golden.Path(t, "tiny-llama"))
	require.Equal(t, "llama", c.Config.ModelType)
	require.Equal(t, []int32{2041, 2040}, generation(t, c).EosTokenIDs)
	require.Len(t, c.Weights(), 1+3*9+1)
	require.False(t, c.Has(HeadName), "it is tied")
	for _, w := range c.Weights() {
		require.True(t, c.Has(w.Name))
		m, err := c.Matrix(w.Name)
		require.NoError(t, err)
		require.Equal(t, [2]int{w.Rows, w.Cols}, [2]int{m.Rows(), m.Cols()}, w.Name)
		require.Equal(t, quant.BF16, m.Format())
		again, err := c.Matrix(w.Name)
		require.NoError(t, err)
		require.Same(t, m, again)
	}
	gains, err := c.Vector(NormName)
	require.NoError(t, err)
	require.Len(t, gains, 192)
	_, err = c.Vector(EmbeddingName)
	require.ErrorContains(t, err, "is a matrix")
	_, err = c.Matrix("model.layers.3.mlp.up_proj.weight")
	require.ErrorContains(t, err, "no weight model.layers.3")
	source, file, err := c.Text().source.template()
	require.NoError(t, err)
	require.Contains(t, source, "<|start_header_id|>")
	require.Equal(t, golden.Path(t, "tiny-llama", "chat_template.jinja"), file)
}

func TestBitsandbytesDirectory(t *testing.T) {
	plain := open(t, golden.Path(t, "tiny-llama"))
	for name, state := range map[string]quant.Format{"tiny-llama-nf4": quant.F32, "tiny-llama-nf4-bf16": quant.BF16} {
		c := open(t, golden.Path(t, name))
		require.Len(t, c.Weights(), len(plain.Weights()))
		for _, w := range c.Weights() {
			m, err := c.Matrix(w.Name)
			require.NoError(t, err)
			if w.Kind != Linear {
				require.Equal(t, read(t, plain, w.Name), read(t, c, w.Name))
				continue
			}
			q, ok := m.(*quant.FourBit)
			require.True(t, ok, w.Name)
			require.Equal(t, state, q.State)
			near(t, w.Name, read(t, plain, w.Name), read(t, c, w.Name), 0.13)
		}
	}
}

// near checks the relative error of a whole tensor.
func near(t testing.TB, name string, want, got []float32, limit float64) {
	t.Helper()
	require.Len(t, got, len(want))
	var diff, norm float64
	for i, v := range want {
		diff += float64(v-got[i]) * float64(v-got[i])
		norm += float64(v) * float64(v)
	}
	if e := math.Sqrt(diff / norm); !(e <= limit) {
		t.Fatalf("%s: relative error %.3f, limit %.3f", name, e, limit)
	}
}

func TestGGUFOfMixedFormats(t *testing.T) {
	plain := open(t, golden.Path(t, "tiny-llama"))
	c := open(t, "testdata/tiny-llama.gguf")
	require.Equal(t, plain.Weights(), c.Weights())
	formats := map[quant.Format]bool{}
	for _, w := range c.Weights() {
		m, err := c.Matrix(w.Name)
		require.NoError(t, err)
		formats[m.Format()] = true
		limit := map[quant.Format]float64{quant.F32: 0, quant.BF16: 0, quant.F16: 1e-3, quant.Q8_0: 0.01, quant.Q5_0: 0.06, quant.Q5_1: 0.06}
		e, ok := limit[m.Format()]
		if !ok {
			e = 0.12
		}
		near(t, w.Name, read(t, plain, w.Name), read(t, c, w.Name), e)
	}
	require.Len(t, formats, 8)

	want := *plain.Config
	want.DType = ""
	require.Equal(t, &want, c.Config, "the llama3 scaling too, which the file has as factors")
	require.Equal(t, generation(t, plain), generation(t, c))
	template, _, err := c.Text().source.template()
	require.NoError(t, err)
	source, _, err := plain.Text().source.template()
	require.NoError(t, err)
	require.Equal(t, source, template)
}

func TestGGUFWithBiases(t *testing.T) {
	c := open(t, "testdata/biased.gguf")
	want, err := safetensors.Open("testdata/biased.safetensors")
	require.NoError(t, err)
	defer func() { require.NoError(t, want.Close()) }()
	require.Len(t, want.Names(), len(c.Weights()))
	require.True(t, c.Config.AttentionBias && c.Config.MLPBias && !c.Config.TieWordEmbeddings)
	require.Equal(t, "linear", c.Config.Rope.Type)
	require.Equal(t, 2.5, c.Config.Rope.Factor)
	for _, w := range c.Weights() {
		tensor, ok := want.Tensor(w.Name)
		require.True(t, ok, w.Name)
		m, err := tensor.Matrix()
		require.NoError(t, err)
		all, err := quant.ReadAll(m)
		require.NoError(t, err)
		require.Equal(t, all, read(t, c, w.Name), w.Name)

		m, err = c.Matrix(w.Name)
		require.NoError(t, err)
		part := make([]float32, w.Cols)
		require.NoError(t, m.ReadRows(part, w.Rows-1))
		require.Equal(t, all[len(all)-w.Cols:], part, w.Name)
		require.Error(t, m.ReadRows(part, w.Rows), w.Name)
		require.Error(t, m.ReadRows(part, -1), w.Name)
		if m.Format() != quant.Q8_0 {
			continue
		}
		codes, scales := make([]int8, w.Rows*w.Cols), make([]float32, w.Rows*w.Cols/quant.Int8Block)
		int8s := m.(quant.Int8Matrix)
		require.NoError(t, int8s.Int8Rows(codes, scales, 0))
		for i, code := range codes {
			if float32(code)*scales[i/quant.Int8Block] != all[i] {
				t.Fatalf("%s: code %d", w.Name, i)
			}
		}
		require.Error(t, int8s.Int8Rows(codes, scales, 1))
		require.Error(t, int8s.Int8Rows(codes, scales[1:], 0))
	}
}

// model is a small directory that tests bend out of shape.
type model struct {
	config  map[string]any
	tensors map[string]safetensors.Source
	files   map[string]string
}

func newModel() *model {
	m := &model{
		config: map[string]any{"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "hidden_size": 8, "intermediate_size": 12,
			"num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 1, "vocab_size": 16, "tie_word_embeddings": false},
		tensors: map[string]safetensors.Source{}, files: map[string]string{},
	}
	for _, name := range []string{EmbeddingName, HeadName} {
		m.set(name, 16, 8)
	}
	for name, shape := range map[string][]int{"self_attn.q_proj": {8, 8}, "self_attn.k_proj": {4, 8}, "self_attn.v_proj": {4, 8}, "self_attn.o_proj": {8, 8},
		"mlp.gate_proj": {12, 8}, "mlp.up_proj": {12, 8}, "mlp.down_proj": {8, 12}, "input_layernorm": {8}, "post_attention_layernorm": {8}} {
		m.set("model.layers.0."+name+".weight", shape...)
	}
	m.set(NormName, 8)
	return m
}

// set gives a tensor a shape, and numbers that depend on its name.
func (m *model) set(name string, shape ...int) {
	v := make([]float32, 1)
	for _, d := range shape {
		v = make([]float32, len(v)*d)
	}
	for i := range v {
		v[i] = float32(len(name)*1000 + i)
	}
	m.setTo(name, v, shape...)
}

func (m *model) setTo(name string, v []float32, shape ...int) {
	data := make([]byte, 4*len(v))
	quant.Encode(quant.F32, data, v)
	m.tensors[name] = safetensors.Bytes(name, safetensors.F32, shape, data)
}

func (m *model) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	text, err := json.Marshal(m.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600))
	for name, text := range m.files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	var list []safetensors.Source
	for _, s := range m.tensors {
		list = append(list, s)
	}
	require.NoError(t, safetensors.WriteFile(filepath.Join(dir, safetensors.FileName), list, nil))
	return dir
}

func TestHeads(t *testing.T) {
	for name, test := range map[string]struct {
		bend      func(m *model)
		tied      bool
		embedding string
	}{
		"separate":                 {func(*model) {}, false, EmbeddingName},
		"tied, one tensor":         {func(m *model) { m.config["tie_word_embeddings"] = true; delete(m.tensors, HeadName) }, true, EmbeddingName},
		"tied, but two different":  {func(m *model) { m.config["tie_word_embeddings"] = true }, false, EmbeddingName},
		"tied under the head name": {func(m *model) { m.config["tie_word_embeddings"] = true; delete(m.tensors, EmbeddingName) }, true, HeadName},
		"tied, two equal": {func(m *model) {
			m.config["tie_word_embeddings"] = true
			s := m.tensors[EmbeddingName]
			s.Name = HeadName
			m.tensors[HeadName] = s
		}, true, EmbeddingName},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel()
			test.bend(m)
			c := open(t, m.write(t))
			require.Equal(t, test.tied, c.Config.TieWordEmbeddings)
			require.Equal(t, !test.tied, c.Has(HeadName))
			require.Equal(t, float32(len(test.embedding)*1000), read(t, c, EmbeddingName)[0])
		})
	}
}

func TestConcurrentViews(t *testing.T) {
	c := open(t, golden.Path(t, "tiny-llama-nf4"))
	var group sync.WaitGroup
	views := make([]quant.Matrix, 8)
	for i := range views {
		group.Go(func() {
			for _, w := range c.Weights() {
				m, err := c.Matrix(w.Name)
				if err != nil {
					t.Error(err)
					return
				}
				views[i] = m
			}
		})
	}
	group.Wait()
	for _, m := range views {
		require.Same(t, views[0], m)
	}
}

func TestOldRotaryBuffersAreIgnored(t *testing.T) {
	m := newModel()
	m.set("model.layers.0.self_attn.rotary_emb.inv_freq", 2)
	open(t, m.write(t))
}

func TestStopIDs(t *testing.T) {
	m := newModel()
	m.config["eos_token_id"] = []int{3, 4}
	require.Equal(t, []int32{3, 4}, generation(t, open(t, m.write(t))).EosTokenIDs)
	m.files["generation_config.json"] = `{"bos_token_id":1,"repetition_penalty":1.2}`
	g := generation(t, open(t, m.write(t)))
	require.Equal(t, []int32{3, 4}, g.EosTokenIDs)
	require.Equal(t, float32(1.2), g.RepetitionPenalty)
	m.files["generation_config.json"] = `{"eos_token_id":5}`
	require.Equal(t, []int32{5}, generation(t, open(t, m.write(t))).EosTokenIDs)
}

func TestChatTemplates(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"none":                  {nil, ""},
		"none in the config":    {map[string]string{"tokenizer_config.json": `{"bos_token":"<s>"}`}, ""},
		"file":                  {map[string]string{"chat_template.jinja": "a", "tokenizer_config.json": `{"chat_template":"b"}`}, "a"},
		"field":                 {map[string]string{"tokenizer_config.json": `{"chat_template":"b"}`}, "b"},
		"null":                  {map[string]string{"tokenizer_config.json": `{"chat_template":null}`}, ""},
		"list of named":         {map[string]string{"tokenizer_config.json": `{"chat_template":[{"name":"tool_use","template":"c"},{"name":"default","template":"d"}]}`}, "d"},
		"error: no default":     {map[string]string{"tokenizer_config.json": `{"chat_template":[{"name":"rag","template":"c"}]}`}, "no template named default"},
		"error: number":         {map[string]string{"tokenizer_config.json": `{"chat_template":1}`}, "chat_template"},
		"error: list of number": {map[string]string{"tokenizer_config.json": `{"chat_template":[1]}`}, "chat_template"},
		"error: no JSON":        {map[string]string{"tokenizer_config.json": `{`}, "tokenizer_config.json"},
	} {
		m := newModel()
		m.files = test.files
		got, _, err := open(t, m.write(t)).Text().source.template()
		if strings.HasPrefix(name, "error") {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, name)
			require.ErrorContains(t, err, test.want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.want, got, name)
	}
}

func TestHostileDirectories(t *testing.T) {
	const up = "model.layers.0.mlp.up_proj.weight"
	for name, test := range map[string]struct {
		bend func(m *model)
		want string
	}{
		"missing tensor":              {func(m *model) { delete(m.tensors, up) }, up + ": found no such tensor, expected 12 × 8 numbers"},
		"missing head":                {func(m *model) { delete(m.tensors, HeadName) }, HeadName + ": found no such tensor"},
		"missing bias":                {func(m *model) { m.config["attention_bias"] = true }, "self_attn.q_proj.bias: found no such tensor, expected 8 numbers"},
		"bias not asked for":          {func(m *model) { m.set("model.layers.0.mlp.up_proj.bias", 12) }, "up_proj.bias: found a tensor that the configuration does not ask for"},
		"layer not asked for":         {func(m *model) { m.set("model.layers.1.mlp.up_proj.weight", 12, 8) }, "model.layers.1.mlp.up_proj.weight: found a tensor"},
		"vocabulary ≠ embedding rows": {func(m *model) { m.config["vocab_size"] = 17 }, EmbeddingName + ": shape: found [16 8], expected 17 × 8 numbers"},
		"hidden ≠ embedding columns":  {func(m *model) { m.config["hidden_size"] = 16 }, EmbeddingName + ": shape: found [16 8], expected 16 × 16"},
		"transposed":                  {func(m *model) { m.set(up, 8, 12) }, up + ": shape: found [8 12]"},
		"flattened":                   {func(m *model) { m.set(up, 96) }, up + ": shape: found [96]"},
		"three dimensions":            {func(m *model) { m.set(up, 3, 4, 8) }, up + ": shape: found [3 4 8]"},
		"norm as a matrix":            {func(m *model) { m.set(NormName, 1, 8) }, NormName + ": shape: found [1 8], expected 8 numbers"},
		"bytes without a state": {func(m *model) {
			m.tensors[up] = safetensors.Bytes(up, safetensors.U8, []int{48, 1}, make([]byte, 48))
		}, up + ": dtype: found U8, expected floating-point weights, or 4-bit ones with a quant_state"},
		"a state without its parts": {func(m *model) {
			m.tensors[up] = safetensors.Bytes(up, safetensors.U8, []int{48, 1}, make([]byte, 48))
			state := `{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [12, 8]}`
			m.tensors["s"] = safetensors.Bytes(up+".quant_state.bitsandbytes__nf4", safetensors.U8, []int{len(state)}, []byte(state))
		}, up},
		"parts without a state": {func(m *model) { m.set(up+".absmax", 2) }, up + ".absmax: found a tensor"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel()
			test.bend(m)
			c, err := Open(m.write(t))
			if err == nil {
				t.Cleanup(func() { require.NoError(t, c.Close()) })
				for _, w := range c.Weights() {
					if _, e := c.Matrix(w.Name); e != nil {
						err = e
						break
					}
				}
			}
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.NotEmpty(t, bad.File)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestNotAModel(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	var bad *badinput.Error
	_, err = Open(t.TempDir())
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "no config.json")
	file := filepath.Join(t.TempDir(), "x.bin")
	require.NoError(t, os.WriteFile(file, []byte("PK\x03\x04"), 0o600))
	_, err = Open(file)
	require.ErrorAs(t, err, &bad)
	m := newModel()
	dir := m.write(t)
	require.NoError(t, os.Remove(filepath.Join(dir, safetensors.FileName)))
	_, err = Open(dir)
	require.ErrorAs(t, err, &bad)
	m.files["generation_config.json"] = "[]"
	_, err = Open(m.write(t))
	require.ErrorAs(t, err, &bad)
	m.files["generation_config.json"] = "{" + strings.Repeat(" ", maxConfig) + "}"
	_, err = Open(m.write(t))
	require.ErrorContains(t, err, "generation_config.json: size: found more than 1048576 bytes")
}
