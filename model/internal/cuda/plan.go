package cuda

import (
	"reflect"

	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// device says what this backend asks of the forms of weights.
var device = hold.Device{
	Size: func(f hold.Form) int64 {
		l := layoutOf(f)
		return l.Bytes()
	},
	Takes:        gpukernels.Takes,
	DenseFactors: true,
}

// planFor returns how the weights of a model are held.
func planFor(o backend.Options) hold.Plan {
	return hold.Plan{Hold: o.Hold, Precision: o.Precision, Device: device}
}

// layoutOf returns the layout of a form without the codebook of 4 bits, which packing
// fills in.
func layoutOf(f hold.Form) gpukernels.Layout {
	l := gpukernels.Layout{Rows: f.Rows, Cols: f.Cols, Format: f.Format, Round: f.Round}
	if f.Format == kernels.U4 {
		l.Block = f.Block
	}
	return l
}

// packers implements hold.Packer: what a form is packed with is a gpukernels.Packer.
type packers struct{}

// Dense implements hold.Packer.
func (packers) Dense(f kernels.Format, rows, cols int, r kernels.RowReader) (*gpukernels.Packer, error) {
	return gpukernels.Dense(f, rows, cols, r)
}

// Int8 implements hold.Packer.
func (packers) Int8(rows, cols int, r kernels.Int8Reader) (*gpukernels.Packer, error) {
	return gpukernels.Int8(rows, cols, r)
}

// FourBit implements hold.Packer.
func (packers) FourBit(q kernels.FourBit, r kernels.CodeReader) (*gpukernels.Packer, error) {
	return gpukernels.FourBit(q, r)
}

// same says whether a and b are one view of a matrix.
func same(a, b quant.Matrix) bool { return distinct(a) && a == b }

// distinct says whether views of the type of m can be compared.
func distinct(m quant.Matrix) bool { return reflect.TypeOf(m).Comparable() }
