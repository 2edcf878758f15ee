// Package backendtest makes small models for tests of the backends.
package backendtest

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// storage is a way to store a matrix in a file.
type storage struct {
	name string
	make func(rows, cols int) quant.Matrix
}

// storages returns every format that a checkpoint may use for rows of cols.
func storages(cols int) (all []storage) {
	for _, f := range []quant.Format{quant.F64, quant.F32, quant.F16, quant.BF16, quant.F8E4M3, quant.F8E5M2} {
		all = append(all, storage{f.String(), func(rows, cols int) quant.Matrix { return dense(f, rows, cols) }})
	}
	for _, o := range []quant.FourBitOptions{
		{}, {State: quant.BF16, Double: true}, {Quant: quant.FP4, State: quant.F16}, {BlockSize: 32}, {BlockSize: 128, State: quant.BF16}, {BlockSize: 4096},
	} {
		name := fmt.Sprintf("%s in blocks of %d to %s", max(o.Quant, quant.NF4), max(o.BlockSize, 64), max(o.State, quant.F32))
		all = append(all, storage{name, func(rows, cols int) quant.Matrix {
			return must(quant.Quantize4Bit(dense(quant.F32, rows, cols), o))
		}})
	}
	for _, g := range []struct {
		block int
		scale quant.Format
	}{{32, quant.F16}, {64, quant.F32}, {128, quant.F16}, {0, quant.BF16}} {
		all = append(all, storage{fmt.Sprintf("4 bits with zeros in blocks of %d, scales in %s", g.block, g.scale), func(rows, cols int) quant.Matrix {
			return &affine{dense(quant.F32, rows, cols), cmp.Or(g.block, cols), g.scale}
		}})
	}
	for _, f := range []quant.Format{quant.Q8_0, quant.Q4_0, quant.Q4_1, quant.Q5_0, quant.Q5_1, quant.Q4_K, quant.Q5_K, quant.Q6_K} {
		numbers, bytes := f.Block()
		if cols%numbers == 0 {
			all = append(all, storage{f.String(), func(rows, cols int) quant.Matrix {
				return must(quant.NewBlocks(f, rows, cols, make([]byte, rows*cols/numbers*bytes)))
			}})
		}
	}
	return all
}

// affine is a matrix of 4-bit codes with a scale and a zero for each block, as
// AWQ and GPTQ store them.
type affine struct {
	quant.Matrix
	block int
	scale quant.Format
}

// Format implements quant.Matrix.
func (m *affine) Format() quant.Format { return quant.U4 }

func (m *affine) Codes() quant.Codes {
	c := quant.Codes{Block: m.block, Zeros: true, Round: quant.F32, Scale: m.scale}
	for i := range c.Code {
		c.Code[i] = float32(i)
	}
	return c
}

// CodeRows implements quant.CodeMatrix. All codes and scales are 0.
func (m *affine) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	_, err := quant.CheckCodeRows(m, codes, scales, zeros, from)
	return err
}

func must[M quant.Matrix](m M, err error) quant.Matrix {
	if err != nil {
		panic(err)
	}
	return m
}

// dense returns a matrix of numbers that every format has, a few tenths large.
func dense(f quant.Format, rows, cols int) quant.Matrix {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	data := make([]byte, rows*cols*f.Size())
	if f.Size() == 1 {
		for i := range data {
			data[i] = byte(r.Uint32()) & 0x9f
		}
		return must(quant.NewDense(f, rows, cols, data))
	}
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = float32(r.NormFloat64() / 8)
	}
	quant.Encode(f, data, x)
	return must(quant.NewDense(f, rows, cols, data))
}

// Model has the weights of a model. Name says what they are.
type Model struct {
	Name string
	*backend.Weights
}

// Models visits models of one layer in every format of weights. With a hidden size of
// 256 every block is full: such models come with tied and untied heads, each with and
// without adapters. With 192 blocks of 128 cross rows, and with 72 no block fits a row:
// these come with untied heads and adapters.
func Models() iter.Seq[Model] {
	return func(yield func(Model) bool) {
		for _, hidden := range []int{256, 192, 72} {
			all := storages(hidden)
			for i, s := range all {
				for _, v := range variants(hidden) {
					m := Model{fmt.Sprintf("%s, hidden size %d, tied %v, adapters %v", s.name, hidden, v.tied, v.adapters), model(s, hidden, v.tied)}
					if v.adapters {
						adapt(m.Weights, s, all[(i+5)%len(all)])
					}
					if !yield(m) {
						return
					}
				}
			}
		}
	}
}

type variant struct{ tied, adapters bool }

func variants(hidden int) []variant {
	all := []variant{{false, true}}
	if hidden == 256 {
		all = append(all, variant{false, false}, variant{true, false}, variant{true, true})
	}
	return all
}

// model returns a model of one layer whose weights are stored as s.
func model(s storage, hidden int, tied bool) *backend.Weights {
	c := &arch.Config{VocabSize: 77, HiddenSize: hidden, IntermediateSize: hidden, NumHiddenLayers: 1,
		NumAttentionHeads: 2, NumKeyValueHeads: 1, HeadDim: hidden / 2, MaxPositionEmbeddings: 1000, RMSNormEps: 1e-5}
	w := &backend.Weights{Config: c, InvFreq: make([]float32, c.HeadDim/2), Layers: make([]backend.Layer, 1), Norm: norm(hidden)}
	for n := range arch.Norms {
		w.Layers[0].Norms[n] = norm(n.Width(c))
	}
	for l := range arch.Linears {
		rows, cols := l.Shape(c)
		w.Layers[0].Linears[l] = backend.Linear{Weight: s.make(rows, cols), Bias: make([]float32, rows)}
	}
	w.Embed.Weight = s.make(c.VocabSize, hidden)
	if w.Head.Weight = w.Embed.Weight; !tied {
		w.Head.Weight = s.make(c.VocabSize, hidden)
	}
	return w
}

func norm(n int) backend.Norm { return backend.Norm{Weight: slices.Repeat([]float32{1}, n)} }

// adapt adds three adapters: low-rank factors as s stores them, factors in F32
// and BF16 with row scales (DoRA), and replacements as other stores them.
func adapt(w *backend.Weights, s, other storage) {
	w.Adapters = []string{"low rank", "dora", "replaced"}
	linears := []*backend.Linear{&w.Head}
	for i := range w.Layers[0].Linears {
		linears = append(linears, &w.Layers[0].Linears[i])
	}
	for i, l := range linears {
		rows, cols := l.Weight.Rows(), l.Weight.Cols()
		l.Adapted = []*backend.Adapted{
			{Down: s.make(8, cols), Up: dense(quant.F32, rows, 8), Scale: 2},
			{Down: dense(quant.BF16, 3, cols), Up: dense(quant.F16, rows, 3), Scale: 2, RowScale: make([]float32, rows), Bias: make([]float32, rows)},
			{Weight: other.make(rows, cols)},
		}
		if i%3 == 1 {
			l.Adapted[i%2] = nil
		}
	}
	w.Norm.Adapted = [][]float32{nil, nil, make([]float32, len(w.Norm.Weight))}
	w.Embed.Adapted = []quant.Matrix{nil, nil, other.make(w.Config.VocabSize, w.Config.HiddenSize)}
}

// Options visits every way to hold weights, in both precisions.
func Options() iter.Seq[backend.Options] {
	return func(yield func(backend.Options) bool) {
		for _, as := range []hold.Hold{hold.Keep, hold.NF4, hold.Int8, hold.BF16, hold.F32} {
			for _, p := range []hold.Precision{hold.Exact, hold.Fast} {
				if !yield(backend.Options{Hold: as, Precision: p, Threads: 1}) {
					return
				}
			}
		}
	}
}
