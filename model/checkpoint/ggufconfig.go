package checkpoint

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/model/arch"
)

// metadata reads the metadata that a config.json can be made of. The first error is
// kept in err.
type metadata struct {
	*ggufFile
	prefix string // before the keys of the architecture: "llama."
	err    error
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

// integer reads an integer. absent is its value if the key is missing.
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

// number reads a number and writes it as JSON, in no more digits than its width of 32
// or 64 bits needs.
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

// describe returns the fields of the config.json that the model would have in
// transformers.
func (g *ggufFile) describe() (map[string]any, error) {
	m := &metadata{ggufFile: g}
	family, err := m.family()
	if err != nil {
		return nil, err
	}
	m.prefix = family.GGUF + "."
	if n := m.integer("split.count", 1); n > 1 {
		m.fail("split.count", strconv.Itoa(n), "a model in one file")
	}
	if n := m.integer(m.prefix+"expert_count", 0); n > 0 {
		m.fail(m.prefix+"expert_count", strconv.Itoa(n), "a model without experts")
	}
	heads := m.required(m.prefix + "attention.head_count")
	config := map[string]any{
		"architectures":           []string{family.Class},
		"model_type":              family.ModelType,
		"hidden_act":              "silu",
		"hidden_size":             m.required(m.prefix + "embedding_length"),
		"intermediate_size":       m.required(m.prefix + "feed_forward_length"),
		"num_hidden_layers":       m.required(m.prefix + "block_count"),
		"num_attention_heads":     heads,
		"num_key_value_heads":     m.integer(m.prefix+"attention.head_count_kv", heads),
		"max_position_embeddings": m.required(m.prefix + "context_length"),
		"rms_norm_eps":            m.number(m.prefix+"attention.layer_norm_rms_epsilon", 0),
		"rope_parameters":         m.rope(),
		"tie_word_embeddings":     !g.holds(HeadName),
		"attention_bias":          g.holds("model.layers.0.self_attn.q_proj.bias"),
		"mlp_bias":                g.holds("model.layers.0.mlp.gate_proj.bias"),
		"vocab_size":              m.integer(m.prefix+"vocab_size", m.embeddingRows()),
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

// family returns the family that the file's architecture names.
func (m *metadata) family() (*arch.Family, error) {
	name := m.text("general.architecture", "")
	if m.err != nil {
		return nil, m.err
	}
	var known []string
	for _, f := range arch.GGUFFamilies() {
		if f.GGUF == name {
			return &f, nil
		}
		known = append(known, strconv.Quote(f.GGUF))
	}
	return nil, badinput.New(m.file.Path(), "general.architecture", strconv.Quote(clip.Text(name)), strings.Join(known, " or "))
}

func (g *ggufFile) holds(name string) bool { _, ok := g.tensors[name]; return ok }

// embeddingRows returns the vocabulary's size by the shape of the embedding, 0 if
// there is none.
func (m *metadata) embeddingRows() int {
	if t, ok := m.file.Tensor(m.tensors[EmbeddingName]); ok && len(t.Dims) == 2 {
		return t.Dims[1]
	}
	return 0
}

// headSize returns the size of a head, 0 if the metadata has none. Keys, values and
// the rotated part of a head must have the same size.
func (m *metadata) headSize() (size int) {
	for _, key := range []string{m.prefix + "attention.key_length", m.prefix + "attention.value_length", m.prefix + "rope.dimension_count"} {
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
	rope := map[string]any{"rope_type": "default", "rope_theta": m.number(m.prefix+"rope.freq_base", 10000)}
	if kind := m.text(m.prefix+"rope.scaling.type", "none"); kind != "none" {
		rope["rope_type"] = kind
		rope["factor"] = m.number(m.prefix+"rope.scaling.factor", 0)
	} else if m.file.Has(m.prefix + "rope.scale_linear") {
		rope["rope_type"] = "linear"
		rope["factor"] = m.number(m.prefix+"rope.scale_linear", 0)
	}
	return rope
}

// endIDs returns the ids of the tokens that end a text, a turn or a message.
func (m *metadata) endIDs() (ids []int) {
	for _, key := range []string{"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"} {
		if id := m.integer(key, -1); id >= 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
