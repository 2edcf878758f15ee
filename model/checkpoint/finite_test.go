package checkpoint

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// Every number of a weight is looked at, whatever its place in a row and among the sums.
func TestNumbersThatAreNotFinite(t *testing.T) {
	const rows, cols = 3, 7
	for at := range rows * cols {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			numbers := make([]float32, rows*cols)
			for i := range numbers {
				numbers[i] = math.MaxFloat32
			}
			_, err := quant.ReadAll(checked(quant.NewF32(rows, cols, numbers), "file", "weight"))
			require.NoError(t, err)
			numbers[at] = bad
			_, err = quant.ReadAll(checked(quant.NewF32(rows, cols, numbers), "file", "weight"))
			var found *badinput.Error
			require.ErrorAs(t, err, &found)
			require.Equal(t, "file", found.File)
			require.Equal(t, "weight", found.Field)
			require.Contains(t, found.Found, map[int]string{0: "row 0", 1: "row 1", 2: "row 2"}[at/cols])
		}
	}
}

// Scales of blocks are looked at in both forms in which they are read.
func TestScalesThatAreNotFinite(t *testing.T) {
	data := make([]byte, 34) // Q8_0: a float16 scale and 32 codes
	data[0], data[1], data[2] = 0, 0x7c, 1
	m, err := quant.NewBlocks(quant.Q8_0, 1, 32, data)
	require.NoError(t, err)
	var found *badinput.Error
	_, err = quant.ReadAll(checked(m, "file", "weight"))
	require.ErrorAs(t, err, &found)
	require.Equal(t, "weight", found.Field)
	exact, ok := checked(m, "file", "weight").(quant.Int8Matrix)
	require.True(t, ok)
	require.ErrorAs(t, exact.Int8Rows(make([]int8, 32), make([]float32, 1), 0), &found)
	require.Equal(t, "weight", found.Field)
}
