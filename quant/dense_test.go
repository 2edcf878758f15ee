package quant

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func TestDense(t *testing.T) {
	m := NewF32(2, 3, []float32{1, 2, 3, 4, 5, 6})
	require.Equal(t, F32, m.Format())
	row := make([]float32, 3)
	require.NoError(t, m.ReadRows(row, 1))
	require.Equal(t, []float32{4, 5, 6}, row)
	all, err := ReadAll(m)
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, all)
	require.NoError(t, m.ReadRows(nil, 2))

	for _, c := range []struct{ n, from int }{{3, 2}, {6, 1}, {2, 0}, {3, -1}, {9, 0}, {3, math.MaxInt}} {
		require.Error(t, m.ReadRows(make([]float32, c.n), c.from), c)
	}
}

func TestNewDenseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		f          Format
		rows, cols int
		bytes      int
	}{
		"block format":      {Q8_0, 1, 32, 34},
		"invalid":           {Invalid, 1, 1, 1},
		"no rows":           {F32, 0, 1, 0},
		"negative":          {F32, -1, -1, 4},
		"short":             {F32, 2, 2, 15},
		"long":              {F32, 2, 2, 17},
		"overflow":          {F32, math.MaxInt, 2, 0},
		"overflow of bytes": {F64, math.MaxInt / 4, 2, 0},
	} {
		_, err := NewDense(c.f, c.rows, c.cols, make([]byte, c.bytes))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
	}
	require.Panics(t, func() { NewF32(1, 2, []float32{1}) })
}
