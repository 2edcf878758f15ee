package model

import (
	"fmt"
	"strings"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// readWeights views a checkpoint's weights as a backend takes them.
func readWeights(c *checkpoint.Checkpoint) (*backend.Weights, error) {
	r := weightReader{files: c}
	w := &backend.Weights{
		Config:  c.Config,
		InvFreq: c.Config.Rope.InvFreq(c.Config.HeadDim),
		Embed:   backend.Embedding{Weight: r.matrix(checkpoint.EmbeddingName)},
		Norm:    r.norm(checkpoint.NormName),
		Release: c.Release,
	}
	for i := range c.Config.NumHiddenLayers {
		name := func(part string) string { return fmt.Sprintf("model.layers.%d.%s", i, part) }
		attention, mlp := c.Config.AttentionBias, c.Config.MLPBias
		w.Layers = append(w.Layers, backend.Layer{
			InputNorm:         r.norm(name("input_layernorm.weight")),
			PostAttentionNorm: r.norm(name("post_attention_layernorm.weight")),
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
		w.Head = r.linear(headModule, false)
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

func (r *weightReader) norm(name string) backend.Norm {
	return backend.Norm{Weight: r.vector(name)}
}

func (r *weightReader) linear(module string, bias bool) backend.Linear {
	l := backend.Linear{Weight: r.matrix(module + ".weight")}
	if bias {
		l.Bias = r.vector(module + ".bias")
	}
	return l
}

// eachLinear calls fn with every linear map of w, the head included, and its
// name in transformers.
func eachLinear(w *backend.Weights, fn func(name string, l *backend.Linear) error) error {
	for i := range w.Layers {
		l := &w.Layers[i]
		for _, part := range []struct {
			name   string
			linear *backend.Linear
		}{
			{"self_attn.q_proj", &l.Q}, {"self_attn.k_proj", &l.K}, {"self_attn.v_proj", &l.V}, {"self_attn.o_proj", &l.O},
			{"mlp.gate_proj", &l.Gate}, {"mlp.up_proj", &l.Up}, {"mlp.down_proj", &l.Down},
		} {
			if err := fn(fmt.Sprintf("model.layers.%d.%s", i, part.name), part.linear); err != nil {
				return err
			}
		}
	}
	return fn(headModule, &w.Head)
}

// eachNorm does the same with the norms.
func eachNorm(w *backend.Weights, fn func(name string, n *backend.Norm) error) error {
	for i := range w.Layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		if err := fn(layer+"input_layernorm", &w.Layers[i].InputNorm); err != nil {
			return err
		}
		if err := fn(layer+"post_attention_layernorm", &w.Layers[i].PostAttentionNorm); err != nil {
			return err
		}
	}
	return fn(normModule, &w.Norm)
}

// Modules lists what a decoder has weights for, as adapters name it. The head
// is one of them even where it is the embedding.
func Modules(c *arch.Config) []lora.Module {
	kinds := map[checkpoint.Kind]lora.Kind{checkpoint.Embedding: lora.Embedding, checkpoint.Linear: lora.Linear, checkpoint.Norm: lora.Norm}
	var list []lora.Module
	for _, w := range checkpoint.Layout(c) {
		if w.Kind == checkpoint.Bias {
			list[len(list)-1].Bias = true // it follows its weight
			continue
		}
		m := lora.Module{Name: strings.TrimSuffix(w.Name, ".weight"), Kind: kinds[w.Kind], Rows: w.Rows, Cols: w.Cols}
		if m.Name == headModule {
			m.Kind = lora.Head
		}
		list = append(list, m)
	}
	if c.TieWordEmbeddings {
		list = append(list, lora.Module{Name: headModule, Kind: lora.Head, Rows: c.VocabSize, Cols: c.HiddenSize})
	}
	return list
}

// The modules outside the layers.
var (
	embeddingModule = strings.TrimSuffix(checkpoint.EmbeddingName, ".weight")
	normModule      = strings.TrimSuffix(checkpoint.NormName, ".weight")
	headModule      = strings.TrimSuffix(checkpoint.HeadName, ".weight")
)
