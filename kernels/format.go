package kernels

// Format is the form in which packed weights are held.
type Format uint8

// The forms. NF4 and FP4 differ in their codebook only.
const (
	F32 Format = iota
	BF16
	F16
	Int8 // a float32 scale for each 32 weights along a row
	NF4
	FP4
)

var formatNames = [...]string{"f32", "bf16", "f16", "int8", "nf4", "fp4"}

func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "invalid"
}

// kind is a form of packed weights with its arithmetic: for each there is a
// kernel of its own.
type kind uint8

const (
	kindF32 kind = iota
	kindBF16
	kindF16
	kindInt8
	kind4     // 4 bits, weight = code·absmax
	kind4BF16 // 4 bits, weight = code·absmax rounded to bfloat16
	kind4F16  // 4 bits, weight = code·absmax rounded to float16
	kinds
)

// tileRows is the number of rows packed together: a lane of a vector each.
const tileRows = 16

// blockK is the run along K of one partial sum, but for Int8, whose is
// int8Block.
const (
	blockK    = 64
	int8Block = 32
)

// layout describes how a kind lies in memory: tile by tile of tileRows rows;
// in a tile, step by step along K; in a step, row by row. K is padded with
// zeros.
//
//	kindF32    steps of 1, a word (of 32 bits) each
//	kindBF16   steps of 2, a word each: the first in its low half
//	kindF16    steps of 1, half a word each
//	kindInt8   steps of 4, a word each: the first in its lowest byte
//	kind4…     steps of 8, a word each: code j in nibble 2j, code 4+j in
//	           nibble 2j+1, for j < 4
//
// Scales, where there are any, lie apart: [tile][block][row].
type layout struct {
	eighth int // words that 8 steps along K of one tile take
	align  int // K is padded to a multiple of it
	block  int // the run along K of one partial sum
	scaled bool
}

var layouts = [kinds]layout{
	kindF32:   {eighth: 128, align: 8, block: blockK},
	kindBF16:  {eighth: 64, align: 8, block: blockK},
	kindF16:   {eighth: 64, align: 8, block: blockK},
	kindInt8:  {eighth: 32, align: int8Block, block: int8Block, scaled: true},
	kind4:     {eighth: 16, align: blockK, block: blockK, scaled: true},
	kind4BF16: {eighth: 16, align: blockK, block: blockK, scaled: true},
	kind4F16:  {eighth: 16, align: blockK, block: blockK, scaled: true},
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
