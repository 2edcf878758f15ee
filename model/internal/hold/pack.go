package hold

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// Packer packs matrices for the kernels of one device. W is the type of a packed
// matrix, or of what packs one.
type Packer[W any] interface {
	Dense(f kernels.Format, rows, cols int, r kernels.RowReader) (W, error)
	Int8(rows, cols int, r kernels.Int8Reader) (W, error)
	FourBit(q kernels.FourBit, r kernels.CodeReader) (W, error)
}

// Pack packs m in the form that [Plan.Of] returned for it, which is not InPlace.
func Pack[W any](f Form, m quant.Matrix, p Packer[W]) (packed W, err error) {
	if f.Quantise {
		if m, err = quant.Quantize4Bit(m, nf4Options); err != nil {
			return packed, err
		}
	}
	if q, ok := f.FourBit(); ok {
		codes := m.(quant.CodeMatrix)
		q.Code = codes.Codes().Code
		return p.FourBit(q, codes)
	}
	if f.Format == kernels.Int8 {
		return p.Int8(f.Rows, f.Cols, int8Rows(m))
	}
	return p.Dense(f.Format, f.Rows, f.Cols, m)
}

// int8Rows returns a reader of m as int8: of its own codes if m has such, and of
// rounded numbers if not.
func int8Rows(m quant.Matrix) kernels.Int8Reader {
	if exact, ok := m.(quant.Int8Matrix); ok && m.Format() == quant.Q8_0 {
		return exact
	}
	return kernels.QuantizeInt8(m.Cols(), m)
}
