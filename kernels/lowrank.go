package kernels

import (
	"fmt"
	"sync"
)

// LowRank is what an adapter adds to a linear map y = W x (Hu et al., "LoRA",
// 2021; with RowScale Liu et al., "DoRA", 2024):
//
//	y ← RowScale ∘ (y + Scale · B (A x))
//
// A is [r][inputs], B [outputs][r]. Both products sum as MatMul does; Scale
// multiplies the second and is rounded before the sum, as in peft. A LowRank
// may be used by any number of goroutines.
type LowRank struct {
	A, B     *Weights
	Scale    float32
	RowScale []float32 // one for each output; nil: ones
}

// Add applies l to y, [n][outputs], for an input of n rows.
func (l *LowRank) Add(p *Pool, y []float32, in *Input) {
	s := lowRanks.Get().(*lowRankScratch)
	s.hidden = resize(s.hidden, in.n*l.A.Rows())
	l.A.MatMul(p, s.hidden, in)
	s.add(p, l, y, s.hidden, in.n)
	lowRanks.Put(s)
}

// AddHidden applies l to y for inputs whose A x is known: hidden, [n][r].
func (l *LowRank) AddHidden(p *Pool, y, hidden []float32, n int) {
	s := lowRanks.Get().(*lowRankScratch)
	s.add(p, l, y, hidden, n)
	lowRanks.Put(s)
}

// lowRankScratch is the memory that one Add needs meanwhile.
type lowRankScratch struct {
	in            Input // of B
	hidden, delta []float32
	l             *LowRank
	y             []float32
	work          func(lo, hi int)
}

func (s *lowRankScratch) add(p *Pool, l *LowRank, y, hidden []float32, n int) {
	rows := l.B.Rows()
	if l.A.Rows() != l.B.Cols() || l.RowScale != nil && len(l.RowScale) != rows || len(y) != n*rows {
		panic(fmt.Sprintf("kernels: low-rank factors of %d × %d and %d × %d, %d row scales, onto %d × %d values",
			rows, l.B.Cols(), l.A.Rows(), l.A.Cols(), len(l.RowScale), n, len(y)/max(1, n)))
	}
	s.delta = resize(s.delta, len(y))
	s.in.Reset(hidden, n, l.A.Rows())
	l.B.MatMul(p, s.delta, &s.in)
	s.l, s.y = l, y
	p.Run(n, max(1, 16384/rows), s.work)
	s.l, s.y = nil, nil
}

var lowRanks = sync.Pool{New: func() any {
	s := new(lowRankScratch)
	s.work = s.join
	return s
}}

// join adds the rows [lo, hi) of the product to y.
func (s *lowRankScratch) join(lo, hi int) {
	rows, ops := s.l.B.Rows(), vec()
	for i := lo; i < hi; i++ {
		y := s.y[i*rows:][:rows]
		ops.addScaled(y, s.delta[i*rows:][:rows], s.l.Scale)
		if s.l.RowScale != nil {
			ops.mul(y, s.l.RowScale)
		}
	}
}
