package lora

import (
	"fmt"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/quant"
)

// Delta is what an adapter changes in one module. Matrices are views of the
// adapter's file.
type Delta struct {
	Module Module
	// Weight replaces the module's own, nil: it stays; Bias likewise.
	Weight quant.Matrix
	Bias   []float32
	// A and B are the factors, [r, in] and [out, r]; of an embedding
	// [r, vocabulary] and [hidden, r]. Nil: none.
	A, B  quant.Matrix
	Scale float32
	// AddedBias is added to the bias (lora_bias), already scaled. Nil: none.
	AddedBias []float32
	// Magnitude is DoRA's, one per output; of an embedding one per column.
	// Nil: plain LoRA.
	Magnitude []float32

	saved bool // by modules_to_save
}

// Plan is what an adapter changes in a model.
type Plan struct {
	deltas map[string]*Delta
	names  []string
}

// Delta is what changes in the module called name; nil: nothing.
func (p *Plan) Delta(name string) *Delta { return p.deltas[name] }

// Names lists the modules that change, in the order of the model.
func (p *Plan) Names() []string { return p.names }

// tie carries over what head and embedding share in a tied model: weights
// that were not saved apart, and under ensure_weight_tying the rest.
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
	// e(t) = A[:,t]ᵀBᵀ for the embedding is x ↦ Aᵀ(Bᵀx) for the head.
	var err error
	if head.A, err = transposed(embedding.B); err != nil {
		return err
	}
	head.B, err = transposed(embedding.A)
	head.Scale = m.scale(head.Module.Name)
	return err
}

// prune forgets modules that stay as they are.
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

// Simplify forgets replacements that equal the base's weights: beside the
// factors of an embedding PEFT saves the embedding itself, trained or not.
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

// errNotFinite and errDiffer end a loop early.
var (
	errNotFinite = badinput.New("", "", "NaN or infinity", "finite numbers")
	errDiffer    = fmt.Errorf("matrices differ")
)

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
	if err == errDiffer {
		return false, nil
	}
	return err == nil, err
}

// eachRows reads m in parts, in parallel.
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
