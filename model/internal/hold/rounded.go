package hold

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// Rounded returns the weights that are left of m, a linear map of a layer, when
// it is held as h says; nil where that changes nothing, as float32 doesn't.
func Rounded(m quant.Matrix, h Hold) (quant.Matrix, error) {
	switch f := (Plan{Hold: h}).linear(m); {
	case f.Quantise:
		return quant.Quantize4Bit(m, nf4Options)
	case f.Format == kernels.Int8:
		return roundedInt8{m}, nil
	case f.Format == kernels.BF16:
		return rounded{m, quant.BF16}, nil
	case f.Format == kernels.F16:
		return rounded{m, quant.F16}, nil
	}
	return nil, nil
}

// rounded is a matrix rounded to a floating-point format.
type rounded struct {
	quant.Matrix
	to quant.Format
}

// ReadRows implements quant.Matrix.
func (m rounded) ReadRows(dst []float32, from int) error {
	err := m.Matrix.ReadRows(dst, from)
	quant.Round(m.to, dst)
	return err
}

// roundedInt8 is a matrix rounded to int8 with a scale for each 32 along a row.
type roundedInt8 struct{ quant.Matrix }

// ReadRows implements quant.Matrix.
func (m roundedInt8) ReadRows(dst []float32, from int) error {
	const block = quant.Int8Block
	cols := m.Cols()
	codes, scales := make([]int8, cols), make([]float32, (cols+block-1)/block)
	rows := int8Rows(m.Matrix)
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
