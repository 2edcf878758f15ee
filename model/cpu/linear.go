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
	weights *kernels.Weights // nil: the base's
	bias    []float32        // nil: the base's
	low     *kernels.LowRank // nil: none
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

// multiply sets y, [rows][out], to what the map makes of the rows x, which
// s.input holds, but for the bias, which finish adds.
func (l *linear) multiply(s *step, y, x []float32) {
	if !l.replaced(s) {
		l.weights.MatMul(s.pool, y, &s.input)
	}
	for _, g := range s.groups {
		a := l.under(g.adapter)
		in := &s.input
		if len(s.groups) > 1 && (a != nil || l.replaced(s)) {
			in = &s.partial
			in.Reset(part(x, g, l.in()), g.n, l.in())
		}
		y := part(y, g, l.out())
		if l.replaced(s) {
			w := l.weights
			if a != nil && a.weights != nil {
				w = a.weights
			}
			w.MatMul(s.pool, y, in)
		}
		if a != nil && a.low != nil {
			a.low.Add(s.pool, y, in)
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

// finish adds the bias to the rows [lo, hi) of y.
func (l *linear) finish(s *step, y []float32, lo, hi int) {
	if l.bias == nil && l.adapted == nil {
		return
	}
	for _, g := range s.groups {
		bias := l.bias
		if a := l.under(g.adapter); a != nil && a.bias != nil {
			bias = a.bias
		}
		for i := max(lo, g.first); bias != nil && i < min(hi, g.first+g.n); i++ {
			kernels.Add(y[i*l.out():][:l.out()], bias)
		}
	}
}

// part is a group's rows of x, [rows][width].
func part(x []float32, g group, width int) []float32 {
	return x[g.first*width:][:g.n*width]
}
