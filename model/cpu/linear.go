package cpu

import "github.com/medner/medner/kernels"

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
	bias     []float32        // nil: the base's
	a, b     *kernels.Weights // nil: no low-rank path
	scale    float32
	rowScale []float32
}

func (l *linear) in() int  { return l.weights.Cols() }
func (l *linear) out() int { return l.weights.Rows() }

// under returns what the adapter makes of the map, nil: nothing.
func (l *linear) under(adapter int) *adapted {
	if adapter < 0 || adapter >= len(l.adapted) {
		return nil
	}
	return l.adapted[adapter]
}

// multiply sets y, [rows][out], to W x + Scale·B(A x) of the rows x, which
// s.input holds. What is left to do by row, finish does.
func (l *linear) multiply(s *step, y, x []float32) {
	if !l.replaced(s) {
		l.weights.MatMul(s.pool, y, &s.input)
	} else {
		for _, g := range s.groups {
			w := l.weights
			if a := l.under(g.adapter); a != nil && a.weights != nil {
				w = a.weights
			}
			s.partial.Reset(part(x, g, l.in()), g.n, l.in())
			w.MatMul(s.pool, part(y, g, l.out()), &s.partial)
		}
	}
	for _, g := range s.groups {
		if a := l.under(g.adapter); a != nil && a.a != nil {
			a.addLowRank(s, part(y, g, l.out()), part(x, g, l.in()), g.n)
		}
	}
}

// replaced says whether an adapter in the step has weights of its own.
func (l *linear) replaced(s *step) bool {
	for _, g := range s.groups {
		if a := l.under(g.adapter); a != nil && a.weights != nil {
			return true
		}
	}
	return false
}

// addLowRank adds Scale·B(A x) to y, of n rows.
func (a *adapted) addLowRank(s *step, y, x []float32, n int) {
	rank := a.a.Rows()
	s.low, s.add = grow(s.low, n*rank), grow(s.add, len(y))
	in := &s.input
	if n < s.rows {
		in = &s.partial
		in.Reset(x, n, a.a.Cols())
	}
	a.a.MatMul(s.pool, s.low, in)
	s.lowInput.Reset(s.low, n, rank)
	a.b.MatMul(s.pool, s.add, &s.lowInput)
	kernels.AddScaled(y, s.add, a.scale)
}

// finish completes the rows [lo, hi) of y: y ← RowScale ∘ y + b.
func (l *linear) finish(s *step, y []float32, lo, hi int) {
	if l.bias == nil && l.adapted == nil {
		return
	}
	for _, g := range s.groups {
		bias, scale := l.bias, []float32(nil)
		if a := l.under(g.adapter); a != nil {
			scale = a.rowScale
			if a.bias != nil {
				bias = a.bias
			}
		}
		for i := max(lo, g.first); i < min(hi, g.first+g.n); i++ {
			row := y[i*l.out():][:l.out()]
			if scale != nil {
				kernels.Mul(row, scale)
			}
			if bias != nil {
				kernels.Add(row, bias)
			}
		}
	}
}

// part is a group's rows of x, [rows][width].
func part(x []float32, g group, width int) []float32 {
	return x[g.first*width:][:g.n*width]
}
