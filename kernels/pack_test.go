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
	integers := FourBit{Rows: 2, Cols: 64, Format: U4, Block: 64, Scale: F16, Zeros: true}
	for i := range integers.Code {
		integers.Code[i] = float32(i)
	}
	u4 := &codes4{FourBit: integers, codes: make([]byte, 64), scales: []float32{1, 2}, zeros: []float32{0, 16}}
	_, err = Pack4Bit(p, integers, u4)
	require.NoError(t, err)
	for name, change := range map[string]func(q *FourBit){
		"code":           func(q *FourBit) { q.Code[15] = 14 },
		"code above 0":   func(q *FourBit) { q.Code = good.Code; q.Code[0]++ },
		"round":          func(q *FourBit) { q.Round = F16 },
		"scale":          func(q *FourBit) { q.Scale = Int8 },
		"group":          func(q *FourBit) { q.Block = 48 },
		"no group":       func(q *FourBit) { q.Block = 0 },
		"zeros of nf4":   func(q *FourBit) { q.Format = NF4 },
		"wrong codebook": func(q *FourBit) { q.Code = [16]float32{} },
	} {
		q := integers
		change(&q)
		_, err := Pack4Bit(p, q, u4)
		require.Error(t, err, name)
	}
	for name, change := range map[string]func(m *codes4){
		"a zero too great":   func(m *codes4) { m.zeros[1] = 17 },
		"a negative zero":    func(m *codes4) { m.zeros[0] = -1 },
		"a broken zero":      func(m *codes4) { m.zeros[0] = 1.5 },
		"a zero that is NaN": func(m *codes4) { m.zeros[0] = float32(math.NaN()) },
		"too fine a scale":   func(m *codes4) { m.scales[1] = 1 + 0x1p-20 },
		"too great a scale":  func(m *codes4) { m.scales[1] = 1e6 },
	} {
		m := &codes4{FourBit: integers, codes: u4.codes, scales: []float32{1, 2}, zeros: []float32{0, 16}}
		change(m)
		_, err := Pack4Bit(p, integers, m)
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
