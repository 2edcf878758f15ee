package lora

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/quant"
)

// Delta holds what an adapter changes in one module. Matrices are views of the adapter's
// file.
type Delta struct {
	Module Module
	// Weight replaces the module's own weight, and Bias its bias; nil: the
	// module keeps its own.
	Weight quant.Matrix
	Bias   []float32
	// A and B are the low-rank factors, down [r, in] and up [out, r]; of an
	// embedding [r, vocabulary] and [hidden, r]. Nil: the module has none.
	A, B  quant.Matrix
	Scale float32 // s, by which the product of the factors is multiplied
	// AddedBias is B's own bias (lora_bias), times Scale, which is added to the module's
	// bias. Nil: B has none.
	AddedBias []float32
	// Magnitude is DoRA's m, one number for each output; of an embedding, for
	// each column. Nil: plain LoRA.
	Magnitude []float32

	saved bool // modules_to_save replaces the module
}

// Plan holds what an adapter changes in a model: a [Delta] for each module that changes.
type Plan struct {
	deltas map[string]*Delta // by the names of modules
	names  []string          // of modules that change, in the order of the model
}

// Delta returns what changes in a module, nil if nothing does.
func (p *Plan) Delta(name string) *Delta { return p.deltas[name] }

// Names returns the names of the modules that change, in the order in which
// Resolve was given them.
func (p *Plan) Names() []string { return p.names }

// tie copies what head and embedding share in a tied model from one to the other:
// a replaced weight, unless modules_to_save keeps them apart, and under
// ensure_weight_tying the factors too.
func (p *Plan) tie(modules []Module, m *matcher) error {
	var head, embedding *Delta
	for _, mod := range modules {
		switch mod.Kind {
		case Head:
			head = p.deltas[mod.Name]
		case Embedding:
			embedding = p.deltas[mod.Name]
		}
	}
	if head == nil || embedding == nil {
		return nil
	}
	if m.tiesSaved() || !head.saved && !embedding.saved {
		if head.Weight == nil {
			head.Weight = embedding.Weight
		}
		if embedding.Weight == nil {
			embedding.Weight = head.Weight
		}
	}
	if !m.tiesTargets() || head.A != nil || embedding.Magnitude != nil {
		return nil
	}
	// What the factors add to the embedding, A[:,t]ᵀBᵀ for token t, is the linear
	// map x ↦ Aᵀ(Bᵀx) for the head.
	var err error
	if head.A, err = transposed(embedding.B); err != nil {
		return err
	}
	head.B, err = transposed(embedding.A)
	head.Scale = m.scale(head.Module.Name)
	return err
}

// prune removes the deltas of modules that stay as they are.
func (p *Plan) prune(modules []Module) {
	p.names = nil
	for _, mod := range modules {
		if d := p.deltas[mod.Name]; d != nil && (d.Weight != nil || d.Bias != nil || d.A != nil) {
			p.names = append(p.names, mod.Name)
		} else {
			delete(p.deltas, mod.Name)
		}
	}
}

// Simplify removes replacements that equal the base's own weights, which weight
// returns by module, nil for a module that the base doesn't have: beside the factors
// of an embedding PEFT saves the embedding itself, trained or not.
func (p *Plan) Simplify(weight func(module string) (quant.Matrix, error)) error {
	var modules []Module
	for _, name := range p.names {
		d := p.deltas[name]
		modules = append(modules, d.Module)
		if d.Weight == nil {
			continue
		}
		base, err := weight(name)
		if err != nil {
			return err
		}
		if base == nil {
			continue
		}
		same, err := equal(base, d.Weight)
		if err != nil {
			return err
		}
		if same {
			d.Weight = nil
		}
	}
	p.prune(modules)
	return nil
}

// transposed returns a transposed copy of a matrix, in float32.
func transposed(m quant.Matrix) (quant.Matrix, error) {
	v, err := quant.ReadAll(m)
	if err != nil {
		return nil, err
	}
	rows, cols := m.Rows(), m.Cols()
	t := make([]float32, len(v))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = v[i*cols+j]
		}
	}
	return quant.NewF32(cols, rows, t), nil
}

// errNotFinite and errDiffer end a loop over rows early.
var (
	errNotFinite = badinput.New("", "", "NaN or infinity", "finite numbers")
	errDiffer    = fmt.Errorf("matrices differ")
)

// checkFinite refuses a matrix with NaN or an infinity.
func checkFinite(m quant.Matrix) error {
	return eachRows(m, func(_ int, v []float32) error {
		for _, x := range v {
			if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
				return errNotFinite
			}
		}
		return nil
	})
}

// equal reports whether two matrices have the same shape and numbers.
func equal(a, b quant.Matrix) (bool, error) {
	if a.Rows() != b.Rows() || a.Cols() != b.Cols() {
		return false, nil
	}
	err := eachRows(a, func(from int, v []float32) error {
		w := make([]float32, len(v))
		if err := b.ReadRows(w, from); err != nil {
			return err
		}
		if !slices.Equal(v, w) {
			return errDiffer
		}
		return nil
	})
	if errors.Is(err, errDiffer) {
		return false, nil
	}
	return err == nil, err
}

// eachRows reads m in parts of whole rows, in parallel, and calls fn with each: v
// holds the rows from row from on.
func eachRows(m quant.Matrix, fn func(from int, v []float32) error) error {
	cols := m.Cols()
	return parallel.For(m.Rows(), max(1, 1<<16/cols), func(lo, hi int) error {
		v := make([]float32, (hi-lo)*cols)
		if err := m.ReadRows(v, lo); err != nil {
			return err
		}
		return mmap.Guard(func() error { return fn(lo, v) })
	})
}
