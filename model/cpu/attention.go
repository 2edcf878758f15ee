package cpu

import "github.com/medner/medner/kernels"

// attention is causal self-attention with grouped heads (transformers'
// LlamaAttention).
type attention struct {
	q, k, v, o linear
	headDim    int
	rope       *kernels.Rope
	kernel     *kernels.Attention
	shape      kernels.CacheShape
	layer      int
}

// store adds the keys and values of all rows to the caches.
func (a *attention) store(s *step) {
	width := a.k.weights.Rows()
	s.k, s.v = grow(s.k, s.rows*width), grow(s.v, s.rows*width)
	a.k.forward(s, s.k, s.norm)
	a.v.forward(s, s.v, s.norm)
	a.rotate(s, s.k)
	for _, p := range s.spans {
		from, to := p.first*width, (p.first+p.n)*width
		a.shape.Write(p.cache.views[a.layer], p.pos, p.n, s.k[from:to], s.v[from:to])
	}
}

// forward sets y of all rows, whose keys and values were stored.
func (a *attention) forward(s *step, y []float32) {
	width := a.q.weights.Rows()
	s.q, s.heads = grow(s.q, s.rows*width), grow(s.heads, s.rows*width)
	a.q.forward(s, s.q, s.norm)
	a.rotate(s, s.q)
	s.attention = s.attention[:0]
	for _, p := range s.spans {
		if p.n == 0 {
			continue
		}
		from, to := p.first*width, (p.first+p.n)*width
		s.attention = append(s.attention, kernels.AttentionSpan{
			Pages: p.cache.views[a.layer], Pos: p.pos, Q: s.q[from:to], Out: s.heads[from:to],
		})
	}
	a.kernel.Run(s.pool, s.attention)
	s.input.Reset(s.heads, s.rows, width)
	a.o.forward(s, y, s.heads)
}

// rotate turns the heads of every row by its position.
func (a *attention) rotate(s *step, x []float32) {
	width := len(x) / s.rows
	for _, p := range s.spans {
		for i := range p.n {
			a.rope.Apply(x[(p.first+i)*width:][:width], a.headDim, p.pos+i)
		}
	}
}
