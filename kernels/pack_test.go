package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackErrors(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	good := &codes4{FourBit: FourBit{Rows: 2, Cols: 64, Format: NF4, Block: 64}, codes: make([]byte, 64), scales: make([]float32, 2)}
	_, err := Pack4Bit(p, good.FourBit, good)
	require.NoError(t, err)
	for name, change := range map[string]func(q *FourBit){
		"format":  func(q *FourBit) { q.Format = Int8 },
		"round":   func(q *FourBit) { q.Round = NF4 },
		"block":   func(q *FourBit) { q.Block = 96 },
		"small":   func(q *FourBit) { q.Block = 32 },
		"columns": func(q *FourBit) { q.Cols = 96 },
		"none":    func(q *FourBit) { q.Rows = 0 },
		"huge":    func(q *FourBit) { q.Rows = math.MaxInt / 2 },
	} {
		q := good.FourBit
		change(&q)
		_, err := Pack4Bit(p, q, good)
		require.Error(t, err, name)
	}
	_, err = PackDense(p, NF4, 2, 2, rowsOf{2, make([]float32, 4)})
	require.Error(t, err)
	_, err = PackDense(p, F32, 0, 2, rowsOf{2, nil})
	require.Error(t, err)
	broken := errors.New("broken")
	_, err = PackDense(p, F32, 100, 2, failing{broken})
	require.ErrorIs(t, err, broken)
	_, err = Pack4Bit(p, good.FourBit, failing{broken})
	require.ErrorIs(t, err, broken)
	_, err = PackInt8(p, 100, 2, QuantizeInt8(2, failing{broken}))
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) ReadRows([]float32, int) error { return f.err }

func (f failing) CodeRows([]byte, []float32, []float32, int) error { return f.err }

// A matrix rounded to int8 is off by at most half a step.
func TestQuantizeInt8(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, cols := range []int{1, 32, 40, 64, 100} {
		const rows = 5
		m := rowsOf{cols, random(r, rows*cols)}
		blocks := (cols + 31) / 32
		codes, scales := make([]int8, rows*cols), make([]float32, rows*blocks)
		require.NoError(t, QuantizeInt8(cols, m).Int8Rows(codes, scales, 0))
		for i, v := range m.v {
			s := scales[i/cols*blocks+i%cols/32]
			if d := math.Abs(float64(v) - float64(s)*float64(codes[i])); d > float64(s)*0.5001 {
				t.Fatalf("%d columns: weight %v became %d · %v", cols, v, codes[i], s)
			}
		}
	}
	codes := make([]int8, 2)
	require.Zero(t, quantize8(codes, []float32{0, 0x1p-120}))
	require.Equal(t, []int8{0, 0}, codes)
	for _, bad := range [][]float32{{1, float32(math.NaN())}, {float32(math.NaN()), 1}, {float32(math.Inf(-1)), 1}} {
		s := quantize8(codes, bad)
		require.True(t, s != s)
		require.Equal(t, []int8{0, 0}, codes)
	}
	require.Equal(t, float32(1), quantize8(codes, []float32{127, -2.5}))
	require.Equal(t, []int8{127, -2}, codes)
}
