package quant_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// goldenBlocks opens what scripts/golden_blocks.py wrote and returns a
// format's random blocks, 5 rows of 768, and their values by the gguf package.
func goldenBlocks(t *testing.T, f quant.Format) (*quant.Blocks, []float32) {
	t.Helper()
	r, err := safetensors.Open("testdata/blocks.safetensors")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	blocks, ok := r.Tensor(f.String() + ".blocks")
	require.True(t, ok)
	values, ok := r.Tensor(f.String() + ".values")
	require.True(t, ok)
	m, err := quant.NewBlocks(f, 5, 768, blocks.Data)
	require.NoError(t, err)
	want := make([]float32, values.Len())
	quant.Decode(quant.F32, want, values.Data)
	return m, want
}

var blockFormats = []quant.Format{quant.Q8_0, quant.Q4_0, quant.Q4_1, quant.Q5_0, quant.Q5_1, quant.Q4_K, quant.Q5_K, quant.Q6_K}

func TestBlocksAsGGML(t *testing.T) {
	for _, f := range blockFormats {
		t.Run(f.String(), func(t *testing.T) {
			m, want := goldenBlocks(t, f)
			got, err := quant.ReadAll(m)
			require.NoError(t, err)
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("number %d: %v, ggml has %v", i, got[i], want[i])
				}
			}
			row := make([]float32, 2*768)
			require.NoError(t, m.ReadRows(row, 2))
			require.Equal(t, want[2*768:4*768], row)
		})
	}
}

func TestInt8RowsAreTheStoredCodes(t *testing.T) {
	m, want := goldenBlocks(t, quant.Q8_0)
	codes, scales := make([]int8, 2*768), make([]float32, 2*768/quant.Int8Block)
	require.NoError(t, m.Int8Rows(codes, scales, 3))
	for i, c := range codes {
		if got := float32(c) * scales[i/quant.Int8Block]; got != want[3*768+i] {
			t.Fatalf("code %d: %v, want %v", i, got, want[3*768+i])
		}
	}
	require.Error(t, m.Int8Rows(codes, scales, 4), "past the end")
	require.Error(t, m.Int8Rows(codes, scales[1:], 0), "too few scales")
	other, _ := goldenBlocks(t, quant.Q4_0)
	require.Error(t, other.Int8Rows(codes, scales, 0), "not int8")
}

func TestBlocksRejectWhatDoesNotFit(t *testing.T) {
	for name, test := range map[string]struct {
		format     quant.Format
		rows, cols int
		bytes      int
	}{
		"dense format":   {quant.F32, 1, 32, 128},
		"bitsandbytes":   {quant.NF4, 1, 32, 16},
		"half a block":   {quant.Q4_0, 2, 16, 18},
		"half a K block": {quant.Q4_K, 8, 32, 144},
		"a byte short":   {quant.Q8_0, 1, 32, 33},
		"a byte more":    {quant.Q8_0, 1, 32, 35},
		"no rows":        {quant.Q8_0, 0, 32, 0},
		"overflow":       {quant.Q8_0, math.MaxInt / 32, 32, 34},
		"overflow too":   {quant.Q8_0, math.MaxInt, 64, 34},
		"negative":       {quant.Q8_0, -1, -32, 34},
	} {
		_, err := quant.NewBlocks(test.format, test.rows, test.cols, make([]byte, test.bytes))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
	}
	m, err := quant.NewBlocks(quant.Q8_0, 2, 32, make([]byte, 68))
	require.NoError(t, err)
	for _, from := range []int{-1, 2, math.MaxInt} {
		require.Error(t, m.ReadRows(make([]float32, 32), from))
	}
	require.Error(t, m.ReadRows(make([]float32, 31), 0))
}
