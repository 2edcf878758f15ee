package hold

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// Rounded returns the weights that are left of m when it is held as h says, or
// nil where that rounds nothing of a matrix of f32.
func Rounded(m quant.Matrix, h Hold) (quant.Matrix, error) {
	switch h {
	case NF4:
		return quant.Quantize4Bit(m, quant.FourBitOptions{BlockSize: nf4Block})
	case BF16:
		return roundedBF16{m}, nil
	case Int8:
		return roundedInt8{m}, nil
	}
	return nil, nil
}

// roundedBF16 is a matrix whose weights are rounded to bfloat16.
type roundedBF16 struct{ quant.Matrix }

// ReadRows implements quant.Matrix.
func (m roundedBF16) ReadRows(dst []float32, from int) error {
	err := m.Matrix.ReadRows(dst, from)
	quant.Round(quant.BF16, dst)
	return err
}

// roundedInt8 is a matrix whose weights are rounded to code·scale, with int8
// codes and a scale for each block of quant.Int8Block along a row.
type roundedInt8 struct{ quant.Matrix }

// ReadRows implements quant.Matrix.
func (m roundedInt8) ReadRows(dst []float32, from int) error {
	cols := m.Cols()
	const block = quant.Int8Block
	codes, scales := make([]int8, cols), make([]float32, (cols+block-1)/block)
	rows := kernels.QuantizeInt8(cols, m.Matrix)
	for ; len(dst) > 0; dst, from = dst[cols:], from+1 {
		if err := rows.Int8Rows(codes, scales, from); err != nil {
			return err
		}
		for i, c := range codes {
			dst[i] = float32(c) * scales[i/block]
		}
	}
	return nil
}
