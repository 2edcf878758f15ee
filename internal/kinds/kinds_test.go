package kinds

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the kernels take for granted of every kind.
func TestTable(t *testing.T) {
	for k := range Count {
		f := k.Form()
		require.NotEmpty(t, f.Name)
		require.NotEmpty(t, f.Device)
		require.NotEmpty(t, f.CUDA)
		require.Zero(t, BlockK%f.Block, "%s: blocks of activations hold whole blocks of weights", f.Name)
		require.Zero(t, f.Align%8, "%s: kernels take 8 steps along K at a time", f.Name)
		require.Zero(t, f.DeviceAlign%f.Align, "%s", f.Name)
		if f.Scaled() {
			require.Zero(t, f.Align%f.Block, "%s: blocks with a scale are whole", f.Name)
		}
		require.Equal(t, f.Bits == 4, f.Codebook != f.Zeros, "%s: 4 bits stand for values of a codebook, or for integers with zeros", f.Name)
		require.True(t, !f.Zeros || f.Scale == AfterSum, "%s: a zero is subtracted before anything is rounded", f.Name)
		require.True(t, f.Round == Exact || f.Scale == BeforeSum, "%s: a scale after the sum leaves weights unrounded", f.Name)
		require.Equal(t, f.Bits*4, f.Words8())
	}
}
