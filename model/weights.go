package model

import (
	"iter"
	"strings"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// readWeights returns views of a checkpoint's weights, in the form that backends take.
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
		var layer backend.Layer
		for n := range arch.Norms {
			if c.Config.HasNorm(n) {
				layer.Norms[n] = r.norm(checkpoint.LayerName(i, n) + ".weight")
			}
		}
		for l := range arch.Linears {
			layer.Linears[l] = r.linear(checkpoint.LayerName(i, l), c.Config.HasBias(l))
		}
		w.Layers = append(w.Layers, layer)
	}
	switch {
	case c.Config.TieWordEmbeddings:
		w.Head.Weight = w.Embed.Weight
	case c.Has(checkpoint.HeadName):
		w.Head = r.linear(headModule, false)
	}
	return w, r.err
}

// weightReader reads weights. After the first error, which is kept in err, it reads
// nothing more.
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

// eachLinear visits every linear map of w with its name in transformers: those of the
// layers, and the head if the model writes text.
func eachLinear(w *backend.Weights) iter.Seq2[string, *backend.Linear] {
	return func(yield func(string, *backend.Linear) bool) {
		for i := range w.Layers {
			for l := range arch.Linears {
				if !yield(checkpoint.LayerName(i, l), &w.Layers[i].Linears[l]) {
					return
				}
			}
		}
		if w.Head.Weight != nil {
			yield(headModule, &w.Head)
		}
	}
}

// eachNorm visits every norm of w with its name in transformers.
func eachNorm(w *backend.Weights) iter.Seq2[string, *backend.Norm] {
	return func(yield func(string, *backend.Norm) bool) {
		for i := range w.Layers {
			for n := range arch.Norms {
				if w.Config.HasNorm(n) && !yield(checkpoint.LayerName(i, n), &w.Layers[i].Norms[n]) {
					return
				}
			}
		}
		yield(normModule, &w.Norm)
	}
}

// Modules returns the parts of a decoder that an adapter may change, under the names
// that adapters have for them. The head is one of them even if it is the embedding.
func Modules(c *arch.Config) []lora.Module {
	kinds := map[checkpoint.Kind]lora.Kind{checkpoint.Embedding: lora.Embedding, checkpoint.Linear: lora.Linear, checkpoint.Norm: lora.Norm}
	var list []lora.Module
	for _, w := range checkpoint.Layout(c) {
		if w.Kind == checkpoint.Bias {
			list[len(list)-1].Bias = true // a bias follows its weight
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

// Names of the modules outside the layers.
var (
	embeddingModule = strings.TrimSuffix(checkpoint.EmbeddingName, ".weight")
	normModule      = strings.TrimSuffix(checkpoint.NormName, ".weight")
	headModule      = strings.TrimSuffix(checkpoint.HeadName, ".weight")
)
