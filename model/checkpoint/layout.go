package checkpoint

import (
	"fmt"

	"github.com/medner/medner/model/arch"
)

// Kind tells what a weight is for.
type Kind uint8

// The kinds of weights that a decoder has.
const (
	Embedding Kind = iota // the table of token vectors
	Linear                // the matrix of a linear map, such as the head
	Bias                  // the bias of a linear map
	Norm                  // the gains of an RMSNorm
	Scores                // the matrix of a token classification head
)

// Weight describes a weight of a decoder: its name in transformers and its shape,
// for a linear map Rows outputs and Cols inputs. Vectors have one row.
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

// LayerName returns the full name in transformers of a linear map or a norm of a
// layer: "model.layers.3.self_attn.q_proj".
func LayerName(layer int, part fmt.Stringer) string {
	return fmt.Sprintf("model.layers.%d.%s", layer, part)
}

// Layout returns the weights that a decoder has, without a tied head, in the order in
// which a backend reads them.
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
