package arch

import (
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// family is what tells one model family's configuration from another's:
// which fields its class reads, and their values where a file leaves them out.
type family struct {
	modelType    string
	architecture string // the class with a language-model head

	kvHeads         int // 0: as many as attention heads
	maxPositions    int
	slidingWindow   int  // where the field is absent
	windowed        bool // reads sliding_window
	biased          bool // reads attention_bias and mlp_bias
	hiddenIsByHeads bool // hidden_size must divide even where head_dim is given
}

// Defaults are those of LlamaConfig and MistralConfig in transformers.
var families = []family{
	{modelType: "llama", architecture: "LlamaForCausalLM", maxPositions: 2048, biased: true, hiddenIsByHeads: true},
	{modelType: "mistral", architecture: "MistralForCausalLM", maxPositions: 4096 * 32, kvHeads: 8, windowed: true, slidingWindow: 4096},
}

// familyOf finds the family that a config names. Either of model_type and
// architectures may be missing, and they must agree.
func familyOf(file, modelType string, architectures []string) (*family, error) {
	known := func(name func(family) string) string {
		names := make([]string, len(families))
		for i, f := range families {
			names[i] = name(f)
		}
		return strings.Join(names, " or ")
	}
	byType := func(f family) string { return f.modelType }
	byClass := func(f family) string { return f.architecture }

	at := -1
	for _, a := range architectures {
		if at = slices.IndexFunc(families, func(f family) bool { return f.architecture == a }); at < 0 {
			return nil, badinput.New(file, "architectures", quoted(a), known(byClass))
		}
	}
	if modelType == "" && at < 0 {
		return nil, badinput.New(file, "architectures", "nothing", known(byClass))
	}
	if modelType != "" {
		i := slices.IndexFunc(families, func(f family) bool { return f.modelType == modelType })
		if i < 0 {
			return nil, badinput.New(file, "model_type", quoted(modelType), known(byType))
		}
		if at >= 0 && i != at {
			return nil, badinput.New(file, "model_type", quoted(modelType), quoted(families[at].modelType)+" for "+families[at].architecture)
		}
		at = i
	}
	return &families[at], nil
}
