package checkpoint

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/medner/medner/badinput"
)

// metadata reads what a config.json is made of. The first thing wrong sticks
// in err.
type metadata struct {
	*ggufFile
	err error
}

func (m *metadata) fail(key, found, want string) {
	if m.err == nil {
		m.err = badinput.New(m.file.Path(), key, found, want)
	}
}

func (m *metadata) keep(err error) {
	if m.err == nil {
		m.err = err
	}
}

// integer reads an integer; absent is its value where the key is missing.
func (m *metadata) integer(key string, absent int) int {
	if !m.file.Has(key) {
		return absent
	}
	n, err := m.file.Int(key)
	m.keep(err)
	return n
}

// required reads an integer that must be there.
func (m *metadata) required(key string) int {
	n, err := m.file.Int(key)
	m.keep(err)
	return n
}

// number reads a number as JSON has it: in as few digits as its own width needs.
func (m *metadata) number(key string, absent float64) json.Number {
	x := absent
	if m.file.Has(key) {
		var err error
		x, err = m.file.Float(key)
		m.keep(err)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		m.fail(key, fmt.Sprint(x), "a finite number")
		return "0"
	}
	width := 64
	if float64(float32(x)) == x {
		width = 32
	}
	return json.Number(strconv.FormatFloat(x, 'g', -1, width))
}

func (m *metadata) text(key, absent string) string {
	if !m.file.Has(key) {
		return absent
	}
	s, err := m.file.String(key)
	m.keep(err)
	return s
}

// describe returns the fields of the config.json that transformers would have
// for the file.
func (g *ggufFile) describe() (map[string]any, error) {
	m := &metadata{ggufFile: g}
	if family := m.text("general.architecture", ""); family != "llama" {
		m.fail("general.architecture", strconv.Quote(clip(family)), `"llama"`)
	}
	if n := m.integer("split.count", 1); n > 1 {
		m.fail("split.count", strconv.Itoa(n), "a model in one file")
	}
	if n := m.integer("llama.expert_count", 0); n > 0 {
		m.fail("llama.expert_count", strconv.Itoa(n), "a model without experts")
	}
	heads := m.required("llama.attention.head_count")
	config := map[string]any{
		"architectures":           []string{"LlamaForCausalLM"},
		"model_type":              "llama",
		"hidden_act":              "silu",
		"hidden_size":             m.required("llama.embedding_length"),
		"intermediate_size":       m.required("llama.feed_forward_length"),
		"num_hidden_layers":       m.required("llama.block_count"),
		"num_attention_heads":     heads,
		"num_key_value_heads":     m.integer("llama.attention.head_count_kv", heads),
		"max_position_embeddings": m.required("llama.context_length"),
		"rms_norm_eps":            m.number("llama.attention.layer_norm_rms_epsilon", 0),
		"rope_parameters":         m.rope(),
		"tie_word_embeddings":     !g.holds(HeadName),
		"attention_bias":          g.holds("model.layers.0.self_attn.q_proj.bias"),
		"mlp_bias":                g.holds("model.layers.0.mlp.gate_proj.bias"),
		"vocab_size":              m.integer("llama.vocab_size", m.embeddingRows()),
		"bos_token_id":            nil,
		"eos_token_id":            nil,
	}
	if size := m.headSize(); size != 0 {
		config["head_dim"] = size
	}
	if id := m.integer("tokenizer.ggml.bos_token_id", -1); id >= 0 {
		config["bos_token_id"] = id
	}
	if ids := m.endIDs(); len(ids) > 0 {
		config["eos_token_id"] = ids
	}
	return config, m.err
}

func (g *ggufFile) holds(name string) bool { _, ok := g.tensors[name]; return ok }

// embeddingRows is the vocabulary's size where the metadata leaves it out.
func (m *metadata) embeddingRows() int {
	if t, ok := m.file.Tensor(m.tensors[EmbeddingName]); ok && len(t.Dims) == 2 {
		return t.Dims[1]
	}
	return 0
}

// headSize is the size of a head where the metadata has one, else 0. Keys,
// values and the rotated part must all have it.
func (m *metadata) headSize() (size int) {
	for _, key := range []string{"llama.attention.key_length", "llama.attention.value_length", "llama.rope.dimension_count"} {
		switch n := m.integer(key, size); {
		case size == 0:
			size = n
		case n != size:
			m.fail(key, strconv.Itoa(n), fmt.Sprintf("%d, as for the rest of a head", size))
		}
	}
	return size
}

func (m *metadata) rope() map[string]any {
	rope := map[string]any{"rope_type": "default", "rope_theta": m.number("llama.rope.freq_base", 10000)}
	const scaling = "llama.rope.scaling.type"
	if kind := m.text(scaling, "none"); kind != "none" {
		rope["rope_type"] = kind
		rope["factor"] = m.number("llama.rope.scaling.factor", 0)
	} else if m.file.Has("llama.rope.scale_linear") {
		rope["rope_type"] = "linear"
		rope["factor"] = m.number("llama.rope.scale_linear", 0)
	}
	return rope
}

// endIDs are the ids that end a text, a turn or a message.
func (m *metadata) endIDs() (ids []int) {
	for _, key := range []string{"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"} {
		if id := m.integer(key, -1); id >= 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
