package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// codes4 is a matrix of 4-bit codes in memory, laid out as CodeReader says.
type codes4 struct {
	FourBit
	codes  []byte
	scales []float32
	zeros  []float32 // nil: none
}

func (m *codes4) perRow() (codes, scales int) {
	return (m.Cols + 1) / 2, (m.Cols + m.Block - 1) / m.Block
}

func (m *codes4) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	c, s := m.perRow()
	copy(codes, m.codes[from*c:])
	copy(scales, m.scales[from*s:])
	if m.zeros != nil {
		copy(zeros, m.zeros[from*s:])
	}
	return nil
}

// parts returns the codebook's value, less the zero, and the scale of a weight.
func (m *codes4) parts(row, k int) (value, scale float32) {
	c, s := m.perRow()
	value, scale = m.Code[m.codes[row*c+k/2]>>(4*(1-k%2))&15], m.scales[row*s+k/m.Block]
	if m.zeros != nil {
		value -= m.zeros[row*s+k/m.Block]
	}
	return value, scale
}

func (m *codes4) ReadRows(dst []float32, from int) error {
	for i := range dst {
		value, scale := m.parts(from+i/m.Cols, i%m.Cols)
		dst[i] = roundTo(m.Round, value*scale)
	}
	return nil
}

// pack packs m, dequantised where the kernels don't take its codes.
func (m *codes4) pack(t testing.TB, p *Pool) *Weights {
	t.Helper()
	var w *Weights
	var err error
	if m.Check() == nil {
		w, err = Pack4Bit(p, m.FourBit, m)
	} else {
		w, err = PackDense(p, m.Round, m.Rows, m.Cols, m)
	}
	require.NoError(t, err)
	return w
}

func four(name string, f, round Format, block int) form {
	return form{name, func(t testing.TB, p *Pool, r *rand.Rand, rows, cols int) (*Weights, []float64) {
		m := &codes4{FourBit: FourBit{Rows: rows, Cols: cols, Format: f, Block: block, Round: round}}
		rowCodes, rowScales := m.perRow()
		m.codes = make([]byte, rows*rowCodes)
		for i := range m.codes {
			m.codes[i] = byte(r.Uint32())
		}
		for i := range m.Code {
			m.Code[i] = float32(r.Float64()*2 - 1)
		}
		m.scales = random(r, rows*rowScales)
		values := make([]float64, rows*cols)
		for i := range values {
			value, scale := m.parts(i/cols, i%cols)
			values[i] = float64(value) * float64(scale)
			if round != F32 {
				values[i] = float64(roundTo(round, value*scale))
			}
		}
		return m.pack(t, p), values
	}}
}

// u4 is a form of 4-bit integers with zeros in groups of some steps along K, -1 for all
// of a row. Codes begin at least; scales are of a format.
func u4(name string, group int, scale Format, least int) form {
	return form{name, func(t testing.TB, p *Pool, r *rand.Rand, rows, cols int) (*Weights, []float64) {
		m := &codes4{FourBit: FourBit{Rows: rows, Cols: cols, Format: U4, Block: group, Scale: scale, Zeros: least == 0}}
		if group < 0 {
			m.Block = cols
		}
		rowCodes, rowScales := m.perRow()
		m.codes = make([]byte, rows*rowCodes)
		for i := range m.codes {
			m.codes[i] = byte(r.Uint32())
			if cols%2 == 1 && (i+1)%rowCodes == 0 {
				m.codes[i] &= 0xf0
			}
		}
		for i := range m.Code {
			m.Code[i] = float32(i + least)
		}
		m.scales = random(r, rows*rowScales)
		for i, v := range m.scales {
			m.scales[i] = roundTo(scale, v/8)
		}
		if m.Zeros {
			m.zeros = make([]float32, len(m.scales))
			for i := range m.zeros {
				m.zeros[i] = float32(r.IntN(17))
			}
		}
		values := make([]float64, rows*cols)
		for i := range values {
			value, scale := m.parts(i/cols, i%cols)
			values[i] = float64(value) * float64(scale)
		}
		w, err := Pack4Bit(p, m.FourBit, m)
		require.NoError(t, err)
		require.Equal(t, m.Size(), w.Bytes())
		return w, values
	}}
}
