package kernels

import "github.com/medner/medner/internal/kinds"

// Format is the form in which packed weights are held.
type Format uint8

// The formats. NF4 and FP4 differ in their codebook only. U4 has integers from 0 to
// 15, with a scale and a zero point for each group along a row, as AWQ has.
const (
	F32  Format = scaleF32
	BF16 Format = scaleBF16
	F16  Format = scaleF16
	Int8 Format = iota // a float32 scale for each 32 weights along a row
	NF4
	FP4
	U4
)

var formatNames = [...]string{"f32", "bf16", "f16", "int8", "nf4", "fp4", "u4"}

func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "invalid"
}

// The sizes of package kinds that are used everywhere.
const (
	tileRows  = kinds.TileRows
	blockK    = kinds.BlockK
	int8Block = kinds.Int8Block
)

func roundUp(n, to int) int { return (n + to - 1) / to * to }
