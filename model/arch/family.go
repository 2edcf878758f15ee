package arch

import (
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// Family describes a model family: which fields of config.json its class in
// transformers reads, their values where a file leaves them out, and which biases
// and norms its layers have. Everything else that depends on the family (the names
// and shapes of weights, the modules of adapters, random weights) is derived from
// its entry in families.
type Family struct {
	ModelType string
	Class     string // the class in transformers with a language-model head

	// GGUF is the general.architecture of the family's GGUF files. It is empty if
	// they are written under another family's: Mistral's are "llama".
	GGUF string
	// PairedInGGUF tells whether GGUF files hold the rows of the query and key
	// maps in ggml's order; see package checkpoint.
	PairedInGGUF bool

	// Defaults: the values of fields that config.json leaves out.
	kvHeads      int // 0: as many as attention heads
	headDim      int // 0: hidden_size / num_attention_heads
	maxPositions int
	bos          int32 // -1: none
	eos          []int32

	// hiddenIsByHeads tells whether num_attention_heads must divide hidden_size
	// even if head_dim is given.
	hiddenIsByHeads bool
	window          window
	biases          [Linears]bias
	norms           [Norms]bool
}

// bias tells when a linear map has a bias.
type bias uint8

const (
	never bias = iota
	always
	byAttentionBias // if attention_bias is true
	byMLPBias       // if mlp_bias is true
)

// window tells which layers of a family have the window of sliding_window.
type window uint8

const (
	noWindow         window = iota
	windowEverywhere        // all layers
	windowIfUsed            // if use_sliding_window is true, those that layer_types or max_window_layers name
)

// defaultWindow is the sliding_window of every family that reads the field, where
// config.json leaves it out.
const defaultWindow = 4096

// families has an entry for each known family. The defaults are those of the
// configuration classes in transformers: LlamaConfig, MistralConfig, …
var families = []Family{
	{
		ModelType: "llama", Class: "LlamaForCausalLM", GGUF: "llama", PairedInGGUF: true,
		maxPositions: 2048, bos: 1, eos: []int32{2}, hiddenIsByHeads: true,
		biases: [Linears]bias{
			Query: byAttentionBias, Key: byAttentionBias, Value: byAttentionBias, Output: byAttentionBias,
			Gate: byMLPBias, Up: byMLPBias, Down: byMLPBias,
		},
		norms: [Norms]bool{InputNorm: true, PostAttentionNorm: true},
	},
	{
		ModelType: "mistral", Class: "MistralForCausalLM",
		kvHeads: 8, maxPositions: 4096 * 32, bos: 1, eos: []int32{2}, window: windowEverywhere,
		norms: [Norms]bool{InputNorm: true, PostAttentionNorm: true},
	},
	{
		ModelType: "qwen2", Class: "Qwen2ForCausalLM", GGUF: "qwen2",
		kvHeads: 32, maxPositions: 32768, bos: -1, window: windowIfUsed,
		biases: [Linears]bias{Query: always, Key: always, Value: always},
		norms:  [Norms]bool{InputNorm: true, PostAttentionNorm: true},
	},
	{
		ModelType: "qwen3", Class: "Qwen3ForCausalLM", GGUF: "qwen3",
		kvHeads: 32, headDim: 128, maxPositions: 32768, bos: -1, window: windowIfUsed,
		biases: [Linears]bias{Query: byAttentionBias, Key: byAttentionBias, Value: byAttentionBias, Output: byAttentionBias},
		norms:  [Norms]bool{InputNorm: true, PostAttentionNorm: true, QueryNorm: true, KeyNorm: true},
	},
}

// familyOf returns the family that a config.json names. model_type or
// architectures may be missing; if both are there, they must agree.
func familyOf(file, modelType string, architectures []string) (*Family, error) {
	known := func(name func(Family) string) string {
		names := make([]string, len(families))
		for i, f := range families {
			names[i] = name(f)
		}
		return strings.Join(names, " or ")
	}
	byType := func(f Family) string { return f.ModelType }
	byClass := func(f Family) string { return f.Class + " or " + f.TokenClass() }

	at := -1
	for _, a := range architectures {
		i := slices.IndexFunc(families, func(f Family) bool { return f.Class == a || f.TokenClass() == a })
		if i < 0 {
			return nil, badinput.New(file, "architectures", quoted(a), known(byClass))
		}
		if at >= 0 && i != at {
			return nil, badinput.New(file, "architectures", quoted(a)+" beside "+quoted(architectures[0]), "classes of one family")
		}
		at = i
	}
	if modelType == "" && at < 0 {
		return nil, badinput.New(file, "architectures", "nothing", known(byClass))
	}
	if modelType != "" {
		i := slices.IndexFunc(families, func(f Family) bool { return f.ModelType == modelType })
		if i < 0 {
			return nil, badinput.New(file, "model_type", quoted(modelType), known(byType))
		}
		if at >= 0 && i != at {
			return nil, badinput.New(file, "model_type", quoted(modelType), quoted(families[at].ModelType)+" for "+families[at].Class)
		}
		at = i
	}
	return &families[at], nil
}

// TokenClass returns the family's class in transformers with a head that scores the
// labels of each token: "LlamaForTokenClassification".
func (f Family) TokenClass() string {
	return strings.TrimSuffix(f.Class, "ForCausalLM") + "ForTokenClassification"
}

// GGUFFamilies returns the families whose GGUF files have an architecture of their
// own.
func GGUFFamilies() []Family {
	return slices.DeleteFunc(slices.Clone(families), func(f Family) bool { return f.GGUF == "" })
}

// Family returns the family of the configuration; Llama for a configuration
// without a ModelType.
func (c *Config) Family() *Family {
	i := slices.IndexFunc(families, func(f Family) bool { return f.ModelType == c.ModelType })
	return &families[max(i, 0)]
}

// HasBias reports whether the linear map l of the model's layers has a bias.
func (c *Config) HasBias(l Linear) bool {
	switch c.Family().biases[l] {
	case always:
		return true
	case byAttentionBias:
		return c.AttentionBias
	case byMLPBias:
		return c.MLPBias
	}
	return false
}

// HasNorm reports whether the model's layers have the norm n.
func (c *Config) HasNorm(n Norm) bool { return c.Family().norms[n] }
