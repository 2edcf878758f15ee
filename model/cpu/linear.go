package cpu

import (
	"github.com/medner/medner/kernels"
)

// linear is y = W x + b for every row of a step, and what adapters make of
// it, by index.
type linear struct {
	weights *kernels.Weights
	bias    []float32
	adapted []*adapted
}

// adapted is a linear map under one adapter; see backend.Adapted.
type adapted struct {
	weights  *kernels.Weights // nil: the base's
	bias     []float32
	a, b     *kernels.Weights // nil: no low-rank path
	scale    float32
	rowScale []float32
}

// under returns what the adapter makes of the map, nil: nothing.
func (l *linear) under(adapter int) *adapted {
	if adapter < 0 || adapter >= len(l.adapted) {
		return nil
	}
	return l.adapted[adapter]
}

// forward sets y, [rows][out], of the rows x, [rows][in]; s.input holds x.
func (l *linear) forward(s *step, y, x []float32) {
	l.multiply(s, y, x)
	for _, g := range s.groups {
		l.adapt(s, g, y, x)
	}
}

// multiply sets y = W x. One pass serves all rows, unless an adapter replaces
// the weights for some of them.
func (l *linear) multiply(s *step, y, x []float32) {
	in, out := l.weights.Cols(), l.weights.Rows()
	replaced := false
	for _, g := range s.groups {
		if a := l.under(g.adapter); a != nil && a.weights != nil {
			replaced = true
		}
	}
	if !replaced {
		l.weights.MatMul(s.pool, y, &s.input)
		return
	}
	for _, g := range s.groups {
		w := l.weights
		if a := l.under(g.adapter); a != nil && a.weights != nil {
			w = a.weights
		}
		s.partial.Reset(part(x, g, in), g.n, in)
		w.MatMul(s.pool, part(y, g, out), &s.partial)
	}
}

// adapt completes the rows of a group: y ← RowScale ∘ (y + Scale·B(A x)) + b.
func (l *linear) adapt(s *step, g group, y, x []float32) {
	in, out := l.weights.Cols(), l.weights.Rows()
	y = part(y, g, out)
	bias := l.bias
	if a := l.under(g.adapter); a != nil {
		if a.bias != nil {
			bias = a.bias
		}
		if a.a != nil {
			rank := a.a.Rows()
			s.low, s.add = grow(s.low, g.n*rank), grow(s.add, g.n*out)
			s.partial.Reset(part(x, g, in), g.n, in)
			a.a.MatMul(s.pool, s.low, &s.partial)
			s.partial.Reset(s.low, g.n, rank)
			a.b.MatMul(s.pool, s.add, &s.partial)
			kernels.AddScaled(y, s.add, a.scale)
		}
		if a.rowScale != nil {
			for ; len(y) > 0; y = y[out:] {
				kernels.Mul(y[:out], a.rowScale)
			}
		}
	}
	if bias != nil {
		for ; len(y) > 0; y = y[out:] {
			kernels.Add(y[:out], bias)
		}
	}
}

// part is a group's rows of x, [rows][width].
func part(x []float32, g group, width int) []float32 {
	return x[g.first*width:][:g.n*width]
}
