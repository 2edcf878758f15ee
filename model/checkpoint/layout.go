package checkpoint

import (
	"fmt"

	"github.com/medner/medner/model/arch"
)

// Kind is what a weight is for.
type Kind uint8

// The kinds of weights that a decoder has.
const (
	Embedding Kind = iota // the token table
	Linear                // the weight of a linear map, the head's among them
	Bias                  // of a linear map
	Norm                  // the gains of an RMSNorm
)

// Weight names a weight of a decoder, as transformers does, and its shape:
// Rows outputs of Cols inputs. Vectors have one row.
type Weight struct {
	Name       string
	Kind       Kind
	Rows, Cols int
}

// Names of weights outside the layers.
const (
	EmbeddingName = "model.embed_tokens.weight"
	NormName      = "model.norm.weight"
	HeadName      = "lm_head.weight"
)

// Layout lists the weights of a decoder, in the order in which they are used.
// A tied head is not among them.
func Layout(c *arch.Config) []Weight {
	query, key := c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	hidden, inner := c.HiddenSize, c.IntermediateSize
	linear := []struct {
		name       string
		rows, cols int
		bias       bool
	}{
		{"self_attn.q_proj", query, hidden, c.AttentionBias},
		{"self_attn.k_proj", key, hidden, c.AttentionBias},
		{"self_attn.v_proj", key, hidden, c.AttentionBias},
		{"self_attn.o_proj", hidden, query, c.AttentionBias},
		{"mlp.gate_proj", inner, hidden, c.MLPBias},
		{"mlp.up_proj", inner, hidden, c.MLPBias},
		{"mlp.down_proj", hidden, inner, c.MLPBias},
	}
	list := []Weight{{EmbeddingName, Embedding, c.VocabSize, hidden}}
	for i := range c.NumHiddenLayers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		list = append(list,
			Weight{layer + "input_layernorm.weight", Norm, 1, hidden},
			Weight{layer + "post_attention_layernorm.weight", Norm, 1, hidden})
		for _, l := range linear {
			list = append(list, Weight{layer + l.name + ".weight", Linear, l.rows, l.cols})
			if l.bias {
				list = append(list, Weight{layer + l.name + ".bias", Bias, 1, l.rows})
			}
		}
	}
	list = append(list, Weight{NormName, Norm, 1, hidden})
	if !c.TieWordEmbeddings {
		list = append(list, Weight{HeadName, Linear, c.VocabSize, hidden})
	}
	return list
}
