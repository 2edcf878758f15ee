package kernels

import (
	"fmt"
	"math"
	"sync/atomic"
)

// Rope rotates the halves of queries and keys by their position:
//
//	x[i]     ← x[i]·cos θᵢ - x[i+h]·sin θᵢ
//	x[i+h]   ← x[i+h]·cos θᵢ + x[i]·sin θᵢ     i < h = len(invFreq)
//
// θᵢ = pos·invFreq[i] is rounded to float32 before cos and sin, as
// transformers' LlamaRotaryEmbedding does, and so are they. A Rope may be
// used by any number of goroutines.
type Rope struct {
	invFreq []float32
	// blocks is a direct-mapped cache of angles, by position / ropeBlock.
	blocks [ropeBlocks]atomic.Pointer[ropeTable]
}

const (
	ropeBlock  = 64
	ropeBlocks = 128 // 8192 positions; at most 4 MiB for heads of 128
)

type ropeTable struct {
	first    int       // position
	cos, sin []float32 // [ropeBlock][h]
}

// NewRope returns a Rope that rotates by the inverse frequencies, [rotary size / 2]:
// angles are pos·invFreq[i], in radians.
func NewRope(invFreq []float32) *Rope {
	return &Rope{invFreq: invFreq}
}

// angles returns cos and sin, [h] each, at a position ≥ 0. The caller must
// not change them.
func (r *Rope) angles(pos int) (cos, sin []float32) {
	first := pos - pos%ropeBlock
	slot := &r.blocks[first/ropeBlock%ropeBlocks]
	t := slot.Load()
	if t == nil || t.first != first {
		t = r.table(first)
		slot.Store(t)
	}
	h := len(r.invFreq)
	at := (pos - first) * h
	return t.cos[at : at+h : at+h], t.sin[at : at+h : at+h]
}

func (r *Rope) table(first int) *ropeTable {
	h := len(r.invFreq)
	t := &ropeTable{first: first, cos: make([]float32, ropeBlock*h), sin: make([]float32, ropeBlock*h)}
	for p := range ropeBlock {
		for i, f := range r.invFreq {
			s, c := sinCos(float64(float32(first+p) * f))
			t.cos[p*h+i], t.sin[p*h+i] = float32(c), float32(s)
		}
	}
	return t
}

// Apply rotates the heads of one row, [heads·headDim], at position pos ≥ 0. Of a
// head, the numbers past 2·len(invFreq) stay. It panics if the row has no whole
// heads or they are too short.
func (r *Rope) Apply(row []float32, headDim, pos int) {
	h := len(r.invFreq)
	if headDim < 2*h || headDim == 0 || len(row)%headDim != 0 || pos < 0 {
		panic(fmt.Sprintf("kernels: rope of %d on a row of %d, heads of %d, position %d", 2*h, len(row), headDim, pos))
	}
	cos, sin := r.angles(pos)
	ops := vec()
	for ; len(row) > 0; row = row[headDim:] {
		ops.rotate(row[:h], row[h:2*h], cos, sin)
	}
}

// rotateGo rotates the pairs (a[i], b[i]), rounding every product.
func rotateGo(a, b, cos, sin []float32) {
	for i, x := range a {
		y := b[i]
		a[i] = float32(x*cos[i]) - float32(y*sin[i])
		b[i] = float32(y*cos[i]) + float32(x*sin[i])
	}
}

// sinCos returns sin x and cos x for 0 ≤ x < 2⁴⁰ or so, to about 1e-16 plus
// x·1e-33, from fused operations only: math.Sin may differ in its last bit
// where a compiler fuses.
func sinCos(x float64) (sin, cos float64) {
	const (
		halfPi     = math.Pi / 2 // rounded to float64 where it is used
		halfPiRest = 6.123233995736766e-17
	)
	k := math.RoundToEven(x * (2 / math.Pi))
	r := math.FMA(-k, halfPi, x)
	r = math.FMA(-k, halfPiRest, r)
	z := float64(r * r)
	s, c := 0.0, 0.0
	for i := len(sinTerms) - 1; i >= 0; i-- {
		s = math.FMA(s, z, sinTerms[i])
		c = math.FMA(c, z, cosTerms[i])
	}
	s = math.FMA(float64(s*z), r, r)
	c = math.FMA(c, z, 1)
	switch int64(k) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// Taylor's terms of (sin r - r)/r³ and (cos r - 1)/r², in powers of r².
var (
	sinTerms = [8]float64{-1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000}
	cosTerms = [8]float64{-1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200, 1. / 20922789888000}
)
