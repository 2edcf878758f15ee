package cpu

import "github.com/medner/medner/kernels"

// attention is causal self-attention with grouped heads (transformers'
// LlamaAttention, Qwen3Attention).
type attention struct {
	q, k, v, o *linear
	qNorm      norm // over each head of the queries; without gains in families that have no such norm
	kNorm      norm // the same of the keys
	headDim    int
	rope       *kernels.Rope
	kernel     *kernels.Attention
	shape      kernels.CacheShape
	layer      int
	window     int // positions that a query sees, its own included; 0: all

	finishKeys, finishQueries, finishAll stage
}

// bind sets the linear maps and makes the stages. All other parts must be in place.
func (a *attention) bind(q, k, v, o *linear) {
	a.q, a.k, a.v, a.o = q, k, v, o
	a.finishKeys = func(s *step, lo, hi int) {
		a.k.finish(s, s.k, lo, hi)
		a.v.finish(s, s.v, lo, hi)
		a.kNorm.heads(s, s.k, a.k.out(), lo, hi)
		a.rotate(s, s.k, a.k.out(), lo, hi)
		a.store(s, lo, hi)
	}
	a.finishQueries = func(s *step, lo, hi int) {
		a.q.finish(s, s.q, lo, hi)
		a.qNorm.heads(s, s.q, a.q.out(), lo, hi)
		a.rotate(s, s.q, a.q.out(), lo, hi)
	}
	a.finishAll = func(s *step, lo, hi int) {
		a.finishKeys(s, lo, hi)
		a.finishQueries(s, lo, hi)
	}
}

// project computes queries, keys and values of all rows, and stores keys and values
// in the caches. In the last layer it then drops the rows at which nothing is asked,
// and computes the queries of the others only.
func (a *attention) project(s *step, last bool) {
	query, key := a.q.out(), a.k.out()
	s.k, s.v = grow(s.k, s.rows*key), grow(s.v, s.rows*key)
	keys, values := output{a.k, s.k}, output{a.v, s.v}
	if !last {
		s.q = grow(s.q, s.rows*query)
		s.multiply(s.norm, output{a.q, s.q}, keys, values)
		s.each(a.finishAll, query+2*key)
		return
	}
	s.multiply(s.norm, keys, values)
	s.each(a.finishKeys, 2*key)
	s.narrow(a.q.in())
	s.q = grow(s.q, s.rows*query)
	if s.rows > 0 {
		s.input.Reset(s.norm, s.rows, a.q.in())
		s.multiply(s.norm, output{a.q, s.q})
		s.each(a.finishQueries, query)
	}
}

// forward sets s.y to the attention's output for all rows, without the bias of o,
// which o.finish adds. project has been called.
func (a *attention) forward(s *step) {
	width := a.q.out()
	s.heads = grow(s.heads, s.rows*width)
	s.attention = s.attention[:0]
	for _, p := range s.spans {
		if p.n > 0 {
			from, to := p.first*width, (p.first+p.n)*width
			s.attention = append(s.attention, kernels.AttentionSpan{
				Pages: p.cache.views[a.layer], Pos: p.pos, Window: a.window, Q: s.q[from:to], Out: s.heads[from:to],
			})
		}
	}
	a.kernel.Run(s.pool, s.attention)
	s.input.Reset(s.heads, s.rows, width)
	s.multiply(s.heads, output{a.o, s.y})
}

// rotate applies the rotary embedding to the heads of the rows [lo, hi) of x,
// [rows][width].
func (a *attention) rotate(s *step, x []float32, width, lo, hi int) {
	for _, p := range s.spans {
		for i := max(lo, p.first); i < min(hi, p.first+p.n); i++ {
			a.rope.Apply(x[i*width:][:width], a.headDim, p.pos+i-p.first)
		}
	}
}

// store writes the keys and values of the rows [lo, hi) into the caches of their
// sequences.
func (a *attention) store(s *step, lo, hi int) {
	width := a.k.out()
	for _, p := range s.spans {
		from, to := max(lo, p.first), min(hi, p.first+p.n)
		if from < to {
			a.shape.Write(p.cache.views[a.layer], p.pos+from-p.first, to-from, s.k[from*width:to*width], s.v[from*width:to*width])
		}
	}
}
