package safetensors

import "github.com/medner/medner/quant"

// DType is the type of a tensor's numbers, as headers name it.
type DType string

// The dtypes of weights and of what is stored beside them. Headers may name the
// format's other dtypes too, if their elements are whole bytes.
const (
	F64    DType = "F64"
	F32    DType = "F32"
	F16    DType = "F16"
	BF16   DType = "BF16"
	F8E4M3 DType = "F8_E4M3"
	F8E5M2 DType = "F8_E5M2"
	I64    DType = "I64"
	I32    DType = "I32"
	I8     DType = "I8"
	U8     DType = "U8"
	Bool   DType = "BOOL"
)

// sizes holds the bytes of an element of each dtype.
var sizes = map[DType]int{
	F64: 8, I64: 8, "U64": 8, "C64": 8,
	F32: 4, I32: 4, "U32": 4,
	F16: 2, BF16: 2, "I16": 2, "U16": 2,
	F8E4M3: 1, F8E5M2: 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, I8: 1, U8: 1, Bool: 1,
}

// Size returns the bytes of an element, 0 for an unknown dtype.
func (d DType) Size() int { return sizes[d] }

// Format returns the format that package quant reads such numbers in as weights:
// quant.Invalid for integers and for other dtypes that hold no weights.
func (d DType) Format() quant.Format {
	switch d {
	case F64:
		return quant.F64
	case F32:
		return quant.F32
	case F16:
		return quant.F16
	case BF16:
		return quant.BF16
	case F8E4M3:
		return quant.F8E4M3
	case F8E5M2:
		return quant.F8E5M2
	}
	return quant.Invalid
}
