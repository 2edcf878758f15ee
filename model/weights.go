package model

import (
	"fmt"

	"github.com/medner/medner/model/backend"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// readWeights views a checkpoint's weights as a backend takes them.
func readWeights(c *checkpoint.Checkpoint) (*backend.Weights, error) {
	r := weightReader{files: c}
	w := &backend.Weights{
		Config:  c.Config,
		InvFreq: c.Config.Rope.InvFreq(c.Config.HeadDim),
		Embed:   backend.Embedding{Weight: r.matrix(checkpoint.EmbeddingName)},
		Norm:    r.vector(checkpoint.NormName),
	}
	for i := range c.Config.NumHiddenLayers {
		name := func(part string) string { return fmt.Sprintf("model.layers.%d.%s", i, part) }
		attention, mlp := c.Config.AttentionBias, c.Config.MLPBias
		w.Layers = append(w.Layers, backend.Layer{
			InputNorm:         r.vector(name("input_layernorm.weight")),
			PostAttentionNorm: r.vector(name("post_attention_layernorm.weight")),
			Q:                 r.linear(name("self_attn.q_proj"), attention),
			K:                 r.linear(name("self_attn.k_proj"), attention),
			V:                 r.linear(name("self_attn.v_proj"), attention),
			O:                 r.linear(name("self_attn.o_proj"), attention),
			Gate:              r.linear(name("mlp.gate_proj"), mlp),
			Up:                r.linear(name("mlp.up_proj"), mlp),
			Down:              r.linear(name("mlp.down_proj"), mlp),
		})
	}
	w.Head.Weight = w.Embed.Weight
	if !c.Config.TieWordEmbeddings {
		w.Head = r.linear("lm_head", false)
	}
	return w, r.err
}

// weightReader reads weights until the first error.
type weightReader struct {
	files *checkpoint.Checkpoint
	err   error
}

func (r *weightReader) matrix(name string) quant.Matrix {
	if r.err != nil {
		return nil
	}
	m, err := r.files.Matrix(name)
	r.err = err
	return m
}

func (r *weightReader) vector(name string) []float32 {
	if r.err != nil {
		return nil
	}
	v, err := r.files.Vector(name)
	r.err = err
	return v
}

func (r *weightReader) linear(module string, bias bool) backend.Linear {
	l := backend.Linear{Weight: r.matrix(module + ".weight")}
	if bias {
		l.Bias = r.vector(module + ".bias")
	}
	return l
}
