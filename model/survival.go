package model

import (
	"fmt"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// survival is how much of an adapter is left in merged weights that are then
// rounded: ⟨held − W, Δ⟩/‖Δ‖² by tensor, measured on a sample of the rows.
type survival struct {
	hold             hold.Hold
	tensors          int
	sum, least, most float64
}

// sampled is about how many weights of a tensor are measured.
const sampled = 1 << 18

// add measures one tensor, held as a backend told to hold it so will.
func (s *survival) add(base, merged quant.Matrix, as hold.Hold) error {
	every := max(1, merged.Rows()*merged.Cols()/sampled)
	base, merged = stripes{base, every}, stripes{merged, every}
	var held quant.Matrix
	switch as {
	case hold.NF4:
		q, err := quant.Quantize4Bit(merged, quant.FourBitOptions{})
		if err != nil {
			return err
		}
		held = q
	case hold.BF16:
		held = roundedBF16{merged}
	case hold.Int8:
		held = roundedInt8{merged}
	default:
		return nil
	}
	share, err := lora.Survival(base, merged, held)
	if err != nil || share != share { // a delta of zeros
		return err
	}
	if s.tensors == 0 {
		s.least, s.most = share, share
	}
	s.hold, s.tensors, s.sum = as, s.tensors+1, s.sum+share
	s.least, s.most = min(s.least, share), max(s.most, share)
	return nil
}

func (s survival) String() string {
	return fmt.Sprintf("%.1f %% of its change survives rounding to %s (%.1f to %.1f %% by tensor)",
		100*s.sum/float64(s.tensors), s.hold, 100*s.least, 100*s.most)
}

// stripes is every so manieth row of a matrix.
type stripes struct {
	quant.Matrix
	every int
}

// Rows implements quant.Matrix.
func (m stripes) Rows() int { return (m.Matrix.Rows() + m.every - 1) / m.every }

// ReadRows implements quant.Matrix.
func (m stripes) ReadRows(dst []float32, from int) error {
	cols := m.Cols()
	for i := range len(dst) / cols {
		if err := m.Matrix.ReadRows(dst[i*cols:][:cols], (from+i)*m.every); err != nil {
			return err
		}
	}
	return nil
}

// roundedBF16 is a matrix rounded to bfloat16.
type roundedBF16 struct{ quant.Matrix }

// ReadRows implements quant.Matrix.
func (m roundedBF16) ReadRows(dst []float32, from int) error {
	err := m.Matrix.ReadRows(dst, from)
	quant.Round(quant.BF16, dst)
	return err
}

// roundedInt8 is a matrix rounded as kernels.QuantizeInt8 does.
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
