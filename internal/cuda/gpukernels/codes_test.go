package gpukernels

import (
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/kernels"
)

// codes4 is a matrix of random 4-bit codes: the rows of codes one after the
// other, and a scale (and a zero) for each Block of a row.
type codes4 struct {
	kernels.FourBit
	codes         []byte
	scales, zeros []float32
}

func (m *codes4) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	copy(codes, m.codes[from*ceilDiv(m.Cols, 2):])
	copy(scales, m.scales[from*ceilDiv(m.Cols, m.Block):])
	if m.Zeros {
		copy(zeros, m.zeros[from*ceilDiv(m.Cols, m.Block):])
	}
	return nil
}

func (m *codes4) ReadRows(dst []float32, from int) error {
	for i := range dst {
		row, k := from+i/m.Cols, i%m.Cols
		code := m.codes[row*ceilDiv(m.Cols, 2)+k/2] >> (4 * (1 - k%2)) & 15
		v, group := m.Code[code], row*ceilDiv(m.Cols, m.Block)+k/m.Block
		if m.Zeros {
			v -= m.zeros[group]
		}
		dst[i] = roundTo(m.Round, v*m.scales[group])
	}
	return nil
}

// fourBit packs random codes for the device and for the CPU, dequantised where
// the kernels don't take them, and returns the weights too.
func fourBit(t testing.TB, pool *kernels.Pool, r *rand.Rand, f form, n, cols int) (p *Packer, cpu *kernels.Weights, dense []float32) {
	t.Helper()
	block := 64
	switch {
	case f.group < 0:
		block = cols
	case f.group > 0:
		block = f.group
	}
	m := &codes4{
		FourBit: kernels.FourBit{Rows: n, Cols: cols, Format: f.format, Block: block, Code: nf4, Round: f.round},
		codes:   make([]byte, n*ceilDiv(cols, 2)), scales: random(r, n*ceilDiv(cols, block)),
	}
	if f.format == kernels.U4 {
		m.integers(r, f)
	}
	for i := range m.codes {
		m.codes[i] = byte(r.Uint32())
	}
	if f.format == kernels.FP4 {
		for i := range m.Code {
			m.Code[i] = float32(i%8)/8 - float32(i/8)
		}
	}
	dense = make([]float32, n*cols)
	must(t, m.ReadRows(dense, 0))
	var err error
	if m.Check() != nil {
		p, err = Dense(f.round, n, cols, m)
		must(t, err)
		cpu, err = kernels.PackDense(pool, f.round, n, cols, m)
		must(t, err)
		return p, cpu, dense
	}
	p, err = FourBit(m.FourBit, m)
	must(t, err)
	cpu, err = kernels.Pack4Bit(pool, m.FourBit, m)
	must(t, err)
	return p, cpu, dense
}

// integers makes codes stand for themselves, rounds the scales, and makes up zeros.
func (m *codes4) integers(r *rand.Rand, f form) {
	m.Scale, m.Zeros = f.scale, true
	for i := range m.Code {
		m.Code[i] = float32(i)
	}
	for i, v := range m.scales {
		m.scales[i] = roundTo(f.scale, v/8)
		m.zeros = append(m.zeros, float32(r.IntN(17)))
	}
}
