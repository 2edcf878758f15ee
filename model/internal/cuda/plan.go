package cuda

import (
	"reflect"

	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// planned is a matrix on its way to the device: the form that it will have
// there, and how it is packed.
type planned struct {
	source quant.Matrix // set by the builder
	layout gpukernels.Layout
	packer func() (*gpukernels.Packer, error)
}

// ready is a plan whose packer is there.
func ready(p *gpukernels.Packer, err error) (planned, error) {
	if err != nil {
		return planned{}, err
	}
	return planned{layout: p.Layout, packer: func() (*gpukernels.Packer, error) { return p, nil }}, nil
}

// projection plans one of a layer's linear maps as hold says.
func projection(m quant.Matrix, as hold.Hold) (planned, error) {
	switch as {
	case hold.NF4:
		if _, ok := m.(*quant.FourBit); ok {
			break
		}
		return quantised(m), nil
	case hold.Int8:
		return planInt8(m)
	case hold.BF16:
		return ready(gpukernels.Dense(kernels.BF16, m.Rows(), m.Cols(), m))
	case hold.F32:
		return ready(gpukernels.Dense(kernels.F32, m.Rows(), m.Cols(), m))
	}
	return keep(m)
}

// keep plans a matrix as the file holds it, or else as float32.
func keep(m quant.Matrix) (planned, error) {
	format := kernels.F32
	switch m.Format() {
	case quant.NF4, quant.FP4:
		if q, ok := m.(*quant.FourBit); ok {
			return ready(packFourBit(q))
		}
	case quant.Q8_0:
		return planInt8(m)
	case quant.F16:
		format = kernels.F16
	case quant.BF16, quant.F8E4M3, quant.F8E5M2: // bf16 holds 8-bit floats exactly
		format = kernels.BF16
	}
	return ready(gpukernels.Dense(format, m.Rows(), m.Cols(), m))
}

// factor plans a low-rank factor, which the kernels take in dense formats only.
func factor(m quant.Matrix) (planned, error) {
	if p, err := keep(m); err != nil || p.layout.Format == kernels.F32 || p.layout.Format == kernels.BF16 || p.layout.Format == kernels.F16 {
		return p, err
	}
	return ready(gpukernels.Dense(kernels.F32, m.Rows(), m.Cols(), m))
}

// planInt8 plans int8 with a scale for each 32 along a row.
func planInt8(m quant.Matrix) (planned, error) {
	rows := kernels.QuantizeInt8(m.Cols(), m)
	if exact, ok := m.(kernels.Int8Reader); ok && m.Format() == quant.Q8_0 {
		rows = exact
	}
	return ready(gpukernels.Int8(m.Rows(), m.Cols(), rows))
}

// formats are the kernels' names of formats.
var formats = map[quant.Format]kernels.Format{
	quant.F32: kernels.F32, quant.BF16: kernels.BF16, quant.F16: kernels.F16,
	quant.NF4: kernels.NF4, quant.FP4: kernels.FP4,
}

// packFourBit reads NF4 and FP4 where the file has them.
func packFourBit(m *quant.FourBit) (*gpukernels.Packer, error) {
	return gpukernels.FourBit(kernels.FourBit{
		Rows: m.NumRows, Cols: m.NumCols, Format: formats[m.Quant], BlockSize: m.BlockSize,
		Packed: m.Packed, Code: &m.Code, Round: formats[m.State], Absmax: m.AbsmaxOf,
	})
}

// quantised plans a matrix as NF4; it is quantised when it is packed. Where
// blocks cross rows it is held dequantised.
func quantised(m quant.Matrix) planned {
	layout := gpukernels.Layout{Rows: m.Rows(), Cols: m.Cols(), Format: kernels.NF4}
	if m.Cols()%64 != 0 {
		layout.Format = kernels.F32
	}
	return planned{layout: layout, packer: func() (*gpukernels.Packer, error) {
		q, err := quant.Quantize4Bit(m, quant.FourBitOptions{})
		if err != nil {
			return nil, err
		}
		return packFourBit(q)
	}}
}

// same says whether two views are one.
func same(a, b quant.Matrix) bool { return distinct(a) && a == b }

// distinct says whether views of m's type can be told apart.
func distinct(m quant.Matrix) bool { return reflect.TypeOf(m).Comparable() }
