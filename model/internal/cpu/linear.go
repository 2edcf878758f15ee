package cpu

import "github.com/medner/medner/kernels"

// linear computes y = W x + b for every row of a step, each under its adapter.
type linear struct {
	weights *kernels.Weights
	bias    []float32  // nil: none
	adapted []*adapted // by adapter; nil: the adapter changes nothing
}

// adapted is what one adapter changes in a linear map; see backend.Adapted.
type adapted struct {
	weights *kernels.Weights // nil: the base's
	bias    []float32        // nil: the base's
	low     *kernels.LowRank // nil: none
}

func (l *linear) in() int  { return l.weights.Cols() }
func (l *linear) out() int { return l.weights.Rows() }

// under returns what an adapter changes, nil if it is nothing.
func (l *linear) under(adapter int) *adapted {
	if adapter < 0 || adapter >= len(l.adapted) {
		return nil
	}
	return l.adapted[adapter]
}

// replaced reports whether an adapter of the step has weights of its own for the map.
func (l *linear) replaced(s *step) bool {
	for _, g := range s.groups {
		if a := l.under(g.adapter); a != nil && a.weights != nil {
			return true
		}
	}
	return false
}

// output is a linear map and where it writes: y, [rows][out].
type output struct {
	*linear
	y []float32
}

// multiply applies linear maps, without their biases, to the rows x, which s.input
// holds. finish adds the biases. One pass over the weights serves all rows, unless an
// adapter replaces the weights for some rows.
func (s *step) multiply(x []float32, maps ...output) {
	products := s.products[:0]
	input, width := &s.input, maps[0].in()
	if len(s.groups) > 1 {
		for _, m := range maps {
			if !m.replaced(s) {
				products = append(products, kernels.Product{W: m.weights, Y: m.y})
			}
		}
		s.input.MatMul(s.pool, products...)
		input = &s.partial
	}
	for _, g := range s.groups {
		products = products[:0]
		for _, m := range maps {
			product, a := kernels.Product{Y: part(m.y, g, m.out())}, m.under(g.adapter)
			if input == &s.input || m.replaced(s) {
				product.W = m.weights
			}
			if a != nil {
				if a.weights != nil {
					product.W = a.weights
				}
				product.LowRank = a.low
			}
			if product.W != nil || product.LowRank != nil {
				products = append(products, product)
			}
		}
		if len(products) == 0 {
			continue
		}
		if input == &s.partial {
			input.Reset(part(x, g, width), g.n, width)
		}
		input.MatMul(s.pool, products...)
	}
	s.products = products
}

// finish adds the bias, under each row's adapter, to the rows [lo, hi) of y.
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

// part returns the rows of the group g in x, [rows][width].
func part(x []float32, g group, width int) []float32 {
	return x[g.first*width:][:g.n*width]
}
