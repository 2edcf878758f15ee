package gguf

import (
	"fmt"

	"github.com/medner/medner/quant"
)

// Type is ggml's number of a tensor's number format.
type Type uint32

// typeInfo describes a type: its name, how many numbers a block holds, and how many
// bytes it takes. format is quant.Invalid for types that package quant doesn't read.
type typeInfo struct {
	name           string
	numbers, bytes int
	format         quant.Format
}

var types = map[Type]typeInfo{
	0:  {"F32", 1, 4, quant.F32},
	1:  {"F16", 1, 2, quant.F16},
	2:  {"Q4_0", 32, 18, quant.Q4_0},
	3:  {"Q4_1", 32, 20, quant.Q4_1},
	6:  {"Q5_0", 32, 22, quant.Q5_0},
	7:  {"Q5_1", 32, 24, quant.Q5_1},
	8:  {"Q8_0", 32, 34, quant.Q8_0},
	9:  {"Q8_1", 32, 40, quant.Invalid},
	10: {"Q2_K", 256, 84, quant.Invalid},
	11: {"Q3_K", 256, 110, quant.Invalid},
	12: {"Q4_K", 256, 144, quant.Q4_K},
	13: {"Q5_K", 256, 176, quant.Q5_K},
	14: {"Q6_K", 256, 210, quant.Q6_K},
	15: {"Q8_K", 256, 292, quant.Invalid},
	16: {"IQ2_XXS", 256, 66, quant.Invalid},
	17: {"IQ2_XS", 256, 74, quant.Invalid},
	18: {"IQ3_XXS", 256, 98, quant.Invalid},
	19: {"IQ1_S", 256, 50, quant.Invalid},
	20: {"IQ4_NL", 32, 18, quant.Invalid},
	21: {"IQ3_S", 256, 110, quant.Invalid},
	22: {"IQ2_S", 256, 82, quant.Invalid},
	23: {"IQ4_XS", 256, 136, quant.Invalid},
	24: {"I8", 1, 1, quant.Invalid},
	25: {"I16", 1, 2, quant.Invalid},
	26: {"I32", 1, 4, quant.Invalid},
	27: {"I64", 1, 8, quant.Invalid},
	28: {"F64", 1, 8, quant.F64},
	29: {"IQ1_M", 256, 56, quant.Invalid},
	30: {"BF16", 1, 2, quant.BF16},
	34: {"TQ1_0", 256, 54, quant.Invalid},
	35: {"TQ2_0", 256, 66, quant.Invalid},
	39: {"MXFP4", 32, 17, quant.Invalid},
	40: {"NVFP4", 64, 36, quant.Invalid},
	41: {"Q1_0", 128, 18, quant.Invalid},
}

// String returns ggml's name of the type.
func (t Type) String() string {
	if info, ok := types[t]; ok {
		return info.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Format returns package quant's format of the same numbers, quant.Invalid for types
// that it doesn't read.
func (t Type) Format() quant.Format { return types[t].format }
