package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// matrixRows reads a matrix held as a slice.
type matrixRows struct {
	v    []float32
	cols int
}

func (m matrixRows) ReadRows(dst []float32, from int) error {
	copy(dst, m.v[from*m.cols:])
	return nil
}

func TestLowRank(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	p := NewPool(2)
	defer p.Close()
	for _, c := range []struct{ outputs, inputs, rank, n int }{
		{5, 7, 1, 1}, {64, 48, 8, 3}, {100, 130, 16, 1}, {33, 64, 64, 40}, {128, 96, 16, 20},
	} {
		a, b := random(r, c.rank*c.inputs), random(r, c.outputs*c.rank)
		pa, err := PackDense(p, F32, c.rank, c.inputs, matrixRows{a, c.inputs})
		require.NoError(t, err)
		pb, err := PackDense(p, F32, c.outputs, c.rank, matrixRows{b, c.rank})
		require.NoError(t, err)
		x, y, rowScale := random(r, c.n*c.inputs), random(r, c.n*c.outputs), random(r, c.outputs)
		for _, l := range []LowRank{{Down: pa, Up: pb, Scale: 0.5}, {Down: pa, Up: pb, Scale: 0.3}, {Down: pa, Up: pb, Scale: 3}, {Down: pa, Up: pb, Scale: 4}, {Down: pa, Up: pb, Scale: 2, RowScale: rowScale}} {
			got := append([]float32(nil), y...)
			var in Input
			in.Reset(x, c.n, c.inputs)
			in.MatMul(p, Product{Y: got, LowRank: &l})
			for i := range c.n {
				hidden := make([]float64, c.rank)
				for j := range hidden {
					for k, v := range x[i*c.inputs:][:c.inputs] {
						hidden[j] += float64(a[j*c.inputs+k]) * float64(v)
					}
				}
				// Row by row the bits are the same as all at once.
				alone := append([]float32(nil), y[i*c.outputs:][:c.outputs]...)
				in.Reset(x[i*c.inputs:][:c.inputs], 1, c.inputs)
				in.MatMul(p, Product{Y: alone, LowRank: &l})
				sameBits(t, fmt.Sprintf("%+v, row %d", c, i), alone, got[i*c.outputs:][:c.outputs])
				for o, v := range alone {
					want := 0.0
					for j, h := range hidden {
						want += float64(b[o*c.rank+j]) * h
					}
					want = float64(y[i*c.outputs+o]) + float64(l.Scale)*want
					if l.RowScale != nil {
						want *= float64(rowScale[o])
					}
					near(t, fmt.Sprintf("%+v, output %d", c, o), v, want, 1e-4)
				}
			}
		}
	}
}

func TestLowRankRefusesShapes(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	a, err := PackDense(p, F32, 2, 4, matrixRows{make([]float32, 8), 4})
	require.NoError(t, err)
	b, err := PackDense(p, F32, 3, 2, matrixRows{make([]float32, 6), 2})
	require.NoError(t, err)
	var in Input
	in.Reset(make([]float32, 4), 1, 4)
	add := func(l LowRank, y []float32) func() { return func() { in.MatMul(p, Product{Y: y, LowRank: &l}) } }
	require.Panics(t, add(LowRank{Down: a, Up: a}, make([]float32, 2)))
	require.Panics(t, add(LowRank{Down: a, Up: b}, make([]float32, 2)))
	require.Panics(t, add(LowRank{Down: a, Up: b, RowScale: make([]float32, 2)}, make([]float32, 3)))
	require.NotPanics(t, add(LowRank{Down: a, Up: b}, make([]float32, 3)))
}

// TestLowRankWithProducts compares products made with their low-rank paths in
// one run with each of its three products made alone.
func TestLowRankWithProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	one := NewPool(1)
	defer one.Close()
	alone := func(w *Weights, x []float32, n int, fast bool) []float32 {
		in, y := Input{Fast: fast}, make([]float32, n*w.Rows())
		in.Reset(x, n, w.Cols())
		w.MatMul(one, y, &in)
		return y
	}
	for trial, rank := range []int{16, 3, 64, 70} {
		k := []int{192, 100}[trial%2]
		counts := []int{1, 3, 9, 40}
		if trial == 0 {
			counts = append(counts, 230) // more than a chunk of any variant
		}
		var weights []*Weights
		var lows []*LowRank
		for i, f := range []form{forms[trial%len(forms)], four("nf4", NF4, F32, 64), u4("u4", 32, F16, 0), dense(BF16)} {
			w, _ := f.make(t, one, r, 30+20*i, k)
			a, _ := forms[(trial+i)%3].make(t, one, r, rank, k)
			b, _ := forms[(trial+i)%3].make(t, one, r, w.Rows(), rank)
			l := &LowRank{Down: a, Up: b, Scale: []float32{0.3, 2}[(trial/2+i)%2]}
			switch i {
			case 1:
				l.RowScale = random(r, w.Rows())
			case 2:
				if trial%2 == 0 {
					l = nil
				}
			}
			weights, lows = append(weights, w), append(lows, l)
		}
		for _, n := range counts {
			x := random(r, n*k)
			for _, fast := range []bool{false, true} {
				want := make([][]float32, len(weights))
				asVariant(scalarVariant, func() {
					for i, w := range weights {
						want[i] = alone(w, x, n, fast)
						if lows[i] == nil {
							continue
						}
						delta := alone(lows[i].Up, alone(lows[i].Down, x, n, false), n, false)
						vec().addScaled(want[i], delta, lows[i].Scale)
						for c := range n {
							if s := lows[i].RowScale; s != nil {
								vec().mul(want[i][c*len(s):][:len(s)], s)
							}
						}
					}
				})
				eachVariant(t, func(t *testing.T) {
					for _, threads := range []int{1, 3} {
						p := NewPool(threads)
						in := Input{Fast: fast}
						in.Reset(x, n, k)
						var products []Product
						for i, w := range weights {
							products = append(products, Product{W: w, Y: make([]float32, n*w.Rows()), LowRank: lows[i]})
						}
						in.MatMul(p, products...)
						for i := range products {
							sameBits(t, fmt.Sprintf("rank %d, product %d of %d rows, fast %v", rank, i, n, fast), products[i].Y, want[i])
						}
						p.Close()
					}
				})
			}
		}
	}
}

func TestLowRankDoesNotAllocate(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(3, 4))
	w, _ := four("nf4", NF4, F32, 64).make(t, p, r, 100, 128)
	a, _ := dense(BF16).make(t, p, r, 16, 128)
	b, _ := dense(BF16).make(t, p, r, 100, 16)
	low := &LowRank{Down: a, Up: b, Scale: 2}
	for _, n := range []int{1, 9} {
		x, y := random(r, n*128), make([]float32, n*100)
		in := Input{Fast: true}
		require.Zero(t, testing.AllocsPerRun(20, func() {
			in.Reset(x, n, 128)
			in.MatMul(p, Product{W: w, Y: y, LowRank: low})
		}), "n %d", n)
	}
}
