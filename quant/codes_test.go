package quant_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/quant"
)

// dequantise computes rows from their codes, as CodeMatrix says.
func dequantise(t *testing.T, m quant.CodeMatrix, rows, from int) []float32 {
	t.Helper()
	c, cols := m.Codes(), m.Cols()
	size, runs := (cols+1)/2, (cols+c.Block-1)/c.Block
	codes, scales := make([]byte, rows*size), make([]float32, rows*runs)
	var zeros []float32
	if c.Zeros {
		zeros = make([]float32, rows*runs)
	}
	require.NoError(t, m.CodeRows(codes, scales, zeros, from))
	x := make([]float32, rows*cols)
	for i := range x {
		row, k := i/cols, i%cols
		v := c.Code[codes[row*size+k/2]>>(4*(1-k%2))&15]
		if c.Zeros {
			v -= zeros[row*runs+k/c.Block]
		}
		x[i] = v * scales[row*runs+k/c.Block]
	}
	if cols%2 == 1 {
		for row := range rows {
			require.Zero(t, codes[(row+1)*size-1]&15, "the nibble after row %d", row)
		}
	}
	quant.Round(c.Round, x)
	return x
}

// TestCodeRowsAreTheRows compares codes·scales with ReadRows in shapes whose
// blocks cross rows, are longer than rows, and begin inside bytes.
func TestCodeRowsAreTheRows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, cols := range []int{1, 7, 32, 64, 96, 130, 192, 576} {
		for _, o := range []quant.FourBitOptions{
			{}, {Quant: quant.FP4, State: quant.BF16}, {BlockSize: 128, Double: true, State: quant.F16}, {BlockSize: 32}, {BlockSize: 4096, Double: true},
		} {
			const rows = 9
			x := make([]float32, rows*cols)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			q, err := quant.Quantize4Bit(quant.NewF32(rows, cols, x), o)
			require.NoError(t, err)
			want, err := quant.ReadAll(q)
			require.NoError(t, err)
			for _, part := range [][2]int{{rows, 0}, {3, 2}, {1, rows - 1}} {
				n, from := part[0], part[1]
				for i, v := range dequantise(t, q, n, from) {
					if math.Float32bits(v) != math.Float32bits(want[from*cols+i]) {
						t.Fatalf("%d columns, %+v: weight %d from row %d on is %v, expected %v", cols, o, i, from, v, want[from*cols+i])
					}
				}
			}
		}
	}
}

func TestCodeRowsRefuse(t *testing.T) {
	q, err := quant.Quantize4Bit(quant.NewF32(4, 64, make([]float32, 256)), quant.FourBitOptions{})
	require.NoError(t, err)
	for _, c := range []struct{ codes, scales, zeros, from int }{
		{33, 1, 0, 0}, {32, 2, 0, 0}, {32, 1, 1, 0}, {32, 1, 0, -1}, {32, 1, 0, 4}, {96, 3, 0, 2},
	} {
		err := q.CodeRows(make([]byte, c.codes), make([]float32, c.scales), make([]float32, c.zeros), c.from)
		require.Error(t, err, fmt.Sprintf("%+v", c))
	}
	require.NoError(t, q.CodeRows(make([]byte, 64), make([]float32, 2), nil, 2))
}
