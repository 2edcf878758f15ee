package lora

import (
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// SumName returns the name of the sum of adapters: their names with "+" between.
func SumName(adapters []*Adapter) string {
	names := make([]string, len(adapters))
	for i, a := range adapters {
		names[i] = a.Name
	}
	return strings.Join(names, "+")
}

// Sum returns what several adapters change together, as PEFT applies adapters that
// are active at once: each adds its low-rank path, and its bias (lora_bias), to the
// base's own output. The plans are those of the adapters, in the same order, for the
// same modules. Token classification heads are left out, since PEFT has one at a time.
//
// The error is a badinput error where PEFT has no such sum, or one that depends on the
// order of the adapters: one of them is DoRA, replaces weights (modules_to_save) or
// replaces biases.
func Sum(adapters []*Adapter, plans []*Plan) (*Plan, error) {
	sum := &Plan{deltas: map[string]*Delta{}}
	var modules []Module
	for i, plan := range plans {
		for _, name := range plan.names {
			d := plan.deltas[name]
			if d.Module.Kind == Scores {
				continue
			}
			if err := adapters[i].addable(d); err != nil {
				return nil, err
			}
			before := sum.deltas[name]
			if before == nil {
				modules = append(modules, d.Module)
				sum.deltas[name] = d
				continue
			}
			both, err := addDeltas(before, d)
			if err != nil {
				return nil, err
			}
			sum.deltas[name] = both
		}
	}
	sum.prune(modules)
	return sum, nil
}

// addable refuses what an adapter does to a module that can't be added to what others do.
func (a *Adapter) addable(d *Delta) error {
	const expected = "an adapter of low-rank factors only, or one adapter at a time"
	switch {
	case d.Magnitude != nil:
		return badinput.New(a.configFile, "use_dora", "true, in a sum of adapters", expected)
	case d.Weight != nil:
		return badinput.New(a.configFile, "modules_to_save", d.Module.Name+", in a sum of adapters", expected)
	case d.Bias != nil:
		return badinput.New(a.configFile, "bias", `"`+a.Config.Bias+`" for `+d.Module.Name+", in a sum of adapters", expected)
	}
	return nil
}

// addDeltas returns a delta of the factors of both: A's rows above each other and B's
// columns beside each other, so that B·A is the sum of their products. Where the scales
// differ they become part of B.
func addDeltas(d, e *Delta) (*Delta, error) {
	sum := &Delta{Module: d.Module, Scale: d.Scale, AddedBias: addVectors(d.AddedBias, e.AddedBias)}
	factorD, factorE := float32(1), float32(1)
	if d.Scale != e.Scale {
		sum.Scale, factorD, factorE = 1, d.Scale, e.Scale
	}
	var err error
	if sum.A, err = stacked(d.A, e.A); err != nil {
		return nil, err
	}
	sum.B, err = besides(d.B, factorD, e.B, factorE)
	return sum, err
}

// addVectors returns a + b, in which nil stands for zeros.
func addVectors(a, b []float32) []float32 {
	if a == nil {
		return b
	}
	sum := append([]float32(nil), a...)
	for i, x := range b {
		sum[i] += x
	}
	return sum
}

// stacked returns the rows of a above those of b, [rows of both, cols], in float32.
func stacked(a, b quant.Matrix) (quant.Matrix, error) {
	above, err := quant.ReadAll(a)
	if err != nil {
		return nil, err
	}
	below, err := quant.ReadAll(b)
	if err != nil {
		return nil, err
	}
	return quant.NewF32(a.Rows()+b.Rows(), a.Cols(), append(above, below...)), nil
}

// besides returns the columns of a times s beside those of b times t, [rows, cols of
// both], in float32.
func besides(a quant.Matrix, s float32, b quant.Matrix, t float32) (quant.Matrix, error) {
	left, err := quant.ReadAll(a)
	if err != nil {
		return nil, err
	}
	right, err := quant.ReadAll(b)
	if err != nil {
		return nil, err
	}
	n, m := a.Cols(), b.Cols()
	v := make([]float32, 0, len(left)+len(right))
	for row := range a.Rows() {
		for _, x := range left[row*n : (row+1)*n] {
			v = append(v, s*x)
		}
		for _, x := range right[row*m : (row+1)*m] {
			v = append(v, t*x)
		}
	}
	return quant.NewF32(a.Rows(), n+m, v), nil
}
