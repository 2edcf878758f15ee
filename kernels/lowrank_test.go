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
		{5, 7, 1, 1}, {64, 48, 8, 3}, {100, 130, 16, 1}, {33, 64, 64, 40},
	} {
		a, b := random(r, c.rank*c.inputs), random(r, c.outputs*c.rank)
		pa, err := PackDense(p, F32, c.rank, c.inputs, matrixRows{a, c.inputs})
		require.NoError(t, err)
		pb, err := PackDense(p, F32, c.outputs, c.rank, matrixRows{b, c.rank})
		require.NoError(t, err)
		x, y, rowScale := random(r, c.n*c.inputs), random(r, c.n*c.outputs), random(r, c.outputs)
		for _, l := range []LowRank{{A: pa, B: pb, Scale: 0.5}, {A: pa, B: pb, Scale: 2, RowScale: rowScale}} {
			got := append([]float32(nil), y...)
			var in Input
			in.Reset(x, c.n, c.inputs)
			l.Add(p, got, &in)
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
				l.Add(p, alone, &in)
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
	require.Panics(t, func() { (&LowRank{A: a, B: a}).Add(p, make([]float32, 2), &in) })
	require.Panics(t, func() { (&LowRank{A: a, B: b}).Add(p, make([]float32, 2), &in) })
	require.Panics(t, func() { (&LowRank{A: a, B: b, RowScale: make([]float32, 2)}).Add(p, make([]float32, 3), &in) })
	require.NotPanics(t, func() { (&LowRank{A: a, B: b}).Add(p, make([]float32, 3), &in) })
}
