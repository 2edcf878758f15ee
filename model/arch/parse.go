package arch

import (
	"fmt"
	"slices"

	"github.com/medner/medner/internal/labels"
)

// Limits far above any real model. A file beyond them is refused before anything
// is computed from it.
const (
	maxVocab  = 1 << 24
	maxHidden = 1 << 20
	maxLayers = 1 << 12
	maxHeads  = 1 << 14
	maxDim    = 1 << 13
	maxLength = 1 << 30
)

// ParseConfig reads config.json. file names it in errors, which are of type
// *badinput.Error.
func ParseConfig(file string, data []byte) (*Config, error) {
	f, err := parseFields(file, data)
	if err != nil {
		return nil, err
	}
	var architectures []string
	f.get("architectures", &architectures, "a list of strings")
	modelType := f.str("model_type")
	if *f.err != nil {
		return nil, *f.err
	}
	fam, err := familyOf(file, modelType, architectures)
	if err != nil {
		return nil, err
	}
	c := &Config{
		ModelType:             fam.ModelType,
		VocabSize:             f.integer("vocab_size", 0),
		HiddenSize:            f.integer("hidden_size", 0),
		IntermediateSize:      f.integer("intermediate_size", 0),
		NumHiddenLayers:       f.integer("num_hidden_layers", 0),
		NumAttentionHeads:     f.integer("num_attention_heads", 0),
		MaxPositionEmbeddings: f.integer("max_position_embeddings", fam.maxPositions),
		RMSNormEps:            float32(f.number("rms_norm_eps", 1e-6)),
		TieWordEmbeddings:     f.boolean("tie_word_embeddings"),
		BosTokenID:            fam.bos,
		EosTokenIDs:           slices.Clone(fam.eos),
		DType:                 f.str("torch_dtype"),
	}
	// null means "none"; a missing field has transformers' default.
	if f.has("bos_token_id") {
		c.BosTokenID = f.id("bos_token_id")
	}
	if f.has("eos_token_id") {
		c.EosTokenIDs = f.ids("eos_token_id")
	}
	if f.has("dtype") {
		c.DType = f.str("dtype")
	}
	c.NumKeyValueHeads = fam.kvHeads
	if c.NumKeyValueHeads == 0 || f.has("num_key_value_heads") {
		c.NumKeyValueHeads = f.integer("num_key_value_heads", c.NumAttentionHeads)
	}
	if c.HeadDim = f.integer("head_dim", fam.headDim); c.HeadDim == 0 && f.raw("head_dim") == nil && c.NumAttentionHeads > 0 {
		c.HeadDim = c.HiddenSize / c.NumAttentionHeads
	}
	if slices.Contains(fam.biases[:], byAttentionBias) {
		c.AttentionBias = f.boolean("attention_bias")
	}
	if slices.Contains(fam.biases[:], byMLPBias) {
		c.MLPBias = f.boolean("mlp_bias")
	}
	if f.has("hidden_act") {
		if act := f.str("hidden_act"); act != "silu" {
			f.fail("hidden_act", quoted(act), `"silu"`)
		}
	}
	checkSizes(f, c, fam)
	parseWindow(f, c, fam)
	c.Rope = parseRope(f, c)
	for _, name := range []string{"quantization_config", "compression_config"} { // the second is the first name of compressed-tensors
		if c.Quantization == nil && f.raw(name) != nil {
			c.Quantization = parseQuantization(f.object(name), "")
		}
	}
	if slices.Contains(architectures, fam.TokenClass()) {
		c.TokenClassification = true
		if labels.Named(f.values) {
			var bad error
			if c.Labels, bad = labels.OfConfig(file, f.values); bad != nil && *f.err == nil {
				*f.err = bad
			}
		}
	}
	if *f.err != nil {
		return nil, *f.err
	}
	return c, nil
}

// checkSizes checks each size against its limit, and sizes against one another.
func checkSizes(f fields, c *Config, fam *Family) {
	f.within("vocab_size", c.VocabSize, maxVocab)
	f.within("hidden_size", c.HiddenSize, maxHidden)
	f.within("intermediate_size", c.IntermediateSize, maxHidden)
	f.within("num_hidden_layers", c.NumHiddenLayers, maxLayers)
	f.within("num_attention_heads", c.NumAttentionHeads, maxHeads)
	f.within("num_key_value_heads", c.NumKeyValueHeads, maxHeads)
	f.within("max_position_embeddings", c.MaxPositionEmbeddings, maxLength)
	f.positive("rms_norm_eps", float64(c.RMSNormEps))
	if *f.err != nil {
		return
	}
	if c.NumAttentionHeads%c.NumKeyValueHeads != 0 {
		f.fail("num_key_value_heads", fmt.Sprint(c.NumKeyValueHeads), fmt.Sprintf("a divisor of num_attention_heads, %d", c.NumAttentionHeads))
	}
	if c.HiddenSize%c.NumAttentionHeads != 0 && (fam.hiddenIsByHeads || fam.headDim == 0 && f.raw("head_dim") == nil) {
		f.fail("hidden_size", fmt.Sprint(c.HiddenSize), fmt.Sprintf("a multiple of num_attention_heads, %d", c.NumAttentionHeads))
	}
	if c.HeadDim < 2 || c.HeadDim > maxDim || c.HeadDim%2 != 0 {
		f.fail("head_dim", fmt.Sprint(c.HeadDim), fmt.Sprintf("an even number from 2 to %d", maxDim))
	}
}
