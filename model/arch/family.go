package arch

import (
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// Family is one model family: which fields of config.json its class in
// transformers reads, what they are where a file leaves them out, and which
// biases and norms its layers have. Everything else that depends on the family
// (names and shapes of weights, adapters' modules, random weights) is derived
// from its entry in families.
type Family struct {
	ModelType string
	Class     string // the class in transformers with a language-model head

	// GGUF is the general.architecture of the family's GGUF files, empty where
	// they go under another family's.
	GGUF string
	// PairedInGGUF says that GGUF files hold the rows of the query and key maps
	// in ggml's order: see package checkpoint.
	PairedInGGUF bool

	// Values where config.json has no such field.
	kvHeads      int // 0: as many as attention heads
	headDim      int // 0: hidden_size / num_attention_heads
	maxPositions int
	bos          int32 // -1: none
	eos          []int32

	hiddenIsByHeads bool // hidden_size must divide even where head_dim is given
	window          window
	biases          [Linears]bias
	norms           [Norms]bool
}

// bias says whether a linear map has a bias.
type bias uint8

const (
	never  bias = iota
	always      // whatever config.json says
	byAttentionBias
	byMLPBias
)

// window says how a family's class reads sliding_window.
type window uint8

const (
	noWindow         window = iota
	windowEverywhere        // every layer has the window
	windowIfUsed            // layers have it that layer_types or max_window_layers name, and only if use_sliding_window is true
)

// defaultWindow is the sliding_window that families with one have where
// config.json leaves it out.
const defaultWindow = 4096

// families holds the known ones. Values are those of the classes' configurations
// in transformers.
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

// familyOf finds the family that a config names. Either of model_type and
// architectures may be missing, and they must agree.
func familyOf(file, modelType string, architectures []string) (*Family, error) {
	known := func(name func(Family) string) string {
		names := make([]string, len(families))
		for i, f := range families {
			names[i] = name(f)
		}
		return strings.Join(names, " or ")
	}
	byType := func(f Family) string { return f.ModelType }
	byClass := func(f Family) string { return f.Class }

	at := -1
	for _, a := range architectures {
		if at = slices.IndexFunc(families, func(f Family) bool { return f.Class == a }); at < 0 {
			return nil, badinput.New(file, "architectures", quoted(a), known(byClass))
		}
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

// GGUFFamilies lists the families that have GGUF files of their own.
func GGUFFamilies() []Family {
	return slices.DeleteFunc(slices.Clone(families), func(f Family) bool { return f.GGUF == "" })
}

// Family returns the family of the configuration; Llama for a configuration
// without a ModelType.
func (c *Config) Family() *Family {
	i := slices.IndexFunc(families, func(f Family) bool { return f.ModelType == c.ModelType })
	return &families[max(i, 0)]
}

// HasBias says whether a linear map of the model's layers has a bias.
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

// HasNorm says whether the model's layers have a norm.
func (c *Config) HasNorm(n Norm) bool { return c.Family().norms[n] }
