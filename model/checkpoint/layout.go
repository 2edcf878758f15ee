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

// LayerName returns the name in transformers of a part of a layer:
// "model.layers.3.self_attn.q_proj".
func LayerName(layer int, part fmt.Stringer) string {
	return fmt.Sprintf("model.layers.%d.%s", layer, part)
}

// Layout lists the weights of a decoder, in the order in which they are used.
// A tied head is not among them.
func Layout(c *arch.Config) []Weight {
	list := []Weight{{EmbeddingName, Embedding, c.VocabSize, c.HiddenSize}}
	for i := range c.NumHiddenLayers {
		for n := range arch.Norms {
			if c.HasNorm(n) {
				list = append(list, Weight{LayerName(i, n) + ".weight", Norm, 1, n.Width(c)})
			}
		}
		for l := range arch.Linears {
			name := LayerName(i, l)
			rows, cols := l.Shape(c)
			list = append(list, Weight{name + ".weight", Linear, rows, cols})
			if c.HasBias(l) {
				list = append(list, Weight{name + ".bias", Bias, 1, rows})
			}
		}
	}
	list = append(list, Weight{NormName, Norm, 1, c.HiddenSize})
	if !c.TieWordEmbeddings {
		list = append(list, Weight{HeadName, Linear, c.VocabSize, c.HiddenSize})
	}
	return list
}
