// Package matrix writes the kernels over packed weights: products with a few
// tokens, expansion to panels of float32, and products of panels with many
// tokens; and the same over integers.
package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

const (
	tileRows  = kinds.TileRows
	tileBytes = 4 * tileRows // of a float32 for each row
	blockK    = kinds.BlockK
)

// panelTiles is the number of tiles that the kernels' callers take together.
var panelTiles = Size("panelTiles")

// tiling says how many tokens the products of an instruction set take at
// most, and how many tiles at once for a number of tokens: enough sums to
// hide the latency of a multiply-add, few enough for the registers.
type tiling struct {
	vectorTokens     int
	vectorTiles      func(tokens int) []int
	blockTokens      int
	blockTiles       func(tokens int) []int
	fastVectorTokens int
	fastVectorTiles  func(tokens int) []int
}

var avx2 = tiling{
	vectorTokens: 3, vectorTiles: func(n int) []int {
		if n == 1 {
			return []int{2, 1}
		}
		return []int{1}
	},
	blockTokens: 6, blockTiles: func(n int) []int {
		if n <= 3 {
			return []int{2, 1}
		}
		return []int{1}
	},
	fastVectorTokens: 4, fastVectorTiles: func(n int) []int {
		if n == 1 {
			return []int{2, 1}
		}
		return []int{1}
	},
}

var avx512 = tiling{
	vectorTokens: 4, vectorTiles: func(n int) []int {
		return [][]int{{6, 2, 1}, {4, 1}, {3, 1}, {2, 1}}[n-1]
	},
	blockTokens: 14, blockTiles: func(n int) []int {
		if n <= 6 {
			return []int{4, 1}
		}
		return []int{2, 1}
	},
	fastVectorTokens: 8, fastVectorTiles: func(n int) []int {
		if n == 1 {
			return []int{2, 1}
		}
		if n <= 3 {
			return []int{3, 1}
		}
		return []int{2, 1}
	},
}

// limits is the tiling of the target.
var limits tiling

// Write writes the products of float32 for AVX2 and AVX-512, those of integers for
// AVX2 and VNNI, and for VBMI those of float32 with weights that are rounded.
func Write() {
	limits = avx2
	if Wide() {
		limits = avx512
	}
	constants()
	if IsVBMI() {
		roundedVectors()
		return
	}
	if !IsVNNI() {
		for _, f := range formats() {
			vectorKernel(f)
			if f.Name != "F32" && !f.Zeros { // F32 is packed as a panel is
				expandKernel(f)
			}
		}
		expandU4()
		blockKernel()
	}
	switch {
	case IsVNNI():
		vnniKernels()
	case !Wide():
		fastKernels()
	}
}

// ahead returns the addresses to prefetch for count tiles that lie step bytes
// apart: bytes ahead of at in each tile; or, if left is less than enough, so that
// a tile ends before, in the tiles that come next. It does so without a branch:
//
//	line = at + (left < enough ? (count-1)·step : 0)
func ahead(at, step Register, count, bytes int, left Op, enough int) []Mem {
	line := GP64()
	if count == 1 {
		MOVQ(at, line)
	} else {
		next := GP64()
		if m, ok := left.(Mem); ok {
			LEAQ(m, line)
			left = line
		}
		CMPQ(left, I32(enough))
		SBBQ(line, line) // all ones if less
		IMUL3Q(Imm(uint64(count-1)), step, next)
		ANDQ(next, line)
		ADDQ(at, line)
	}
	m := Lines(line, step, count)
	for i := range m {
		m[i] = m[i].Offset(bytes)
	}
	return m
}

// prefetch fetches size bytes of each line. Processors do so by themselves, but
// stop at pages and at the ends of tiles, and do not look far enough ahead for
// several lines at once.
func prefetch(m []Mem, size int) {
	for _, line := range m {
		for at := 0; at < size; at += 64 {
			PREFETCHT0(line.Offset(at))
		}
	}
}

const (
	aheadBytes  = 1024 // the distance at which words are fetched ahead
	aheadBlocks = 4    // the distance at which scales are, in blocks of K
)

// Vectors in memory.
var (
	roundOdd, roundHigh            Mem // the lowest bit of a bfloat16's float32, its bits
	roundBias, roundEvenBias       Mem // 0x7fff and 0x7ffe
	lowNibbles, signBits, wordOnes Mem
	raised                         Mem // 86 in each byte
	upperHalves, wordBit           Mem // factors that leave the upper halves of words; 1
	transpose, transposePairs      Mem // orders of bytes, see constants
	shiftNibble                    Mem // a factor that shifts 16-bit words by 4
	// By rounding, where there are no ties: half a unit to add, and the bits to keep.
	untiedHalf, untiedHigh map[kinds.Rounding]Mem
)

// constants writes the vectors that the kernels of the target use.
func constants() {
	if !IsVNNI() && !IsVBMI() {
		u4Constants()
	}
	lowNibbles = Repeated("lowNibbles", 0x0f0f0f0f)
	if IsVBMI() {
		roundEvenBias, upperHalves, wordBit = Repeated("roundEvenBias", 0x7ffe), Repeated("upperHalves", 0x00010000), Repeated("wordBit", 1)
		transpose = transposed()
		return
	}
	if IsVNNI() {
		signBits = Repeated("signBits", 0x80808080)
		return
	}
	roundOdd, roundHigh = Repeated("roundOdd", 1), Repeated("roundHigh", 0xffff0000)
	if Wide() {
		roundEvenBias = Repeated("roundEvenBias", 0x7ffe)
	} else {
		roundBias = Repeated("roundBias", 0x7fff)
		transpose = transposed()
		order := make([]uint32, Lanes())
		// transposePairs puts bytes 0 and 1 of the four rows before bytes 2 and 3.
		for i := range order {
			at := uint32(i%2*8 + i/2%2*2)
			order[i] = at | (at+1)<<8 | (at+4)<<16 | (at+5)<<24
		}
		transposePairs = Table("transposePairs", order...)
		shiftNibble = Repeated("shiftNibble", 0x10001000)
		untiedHalf = map[kinds.Rounding]Mem{kinds.ToBF16: Repeated("halfBF16", 0x8000), kinds.ToF16: Repeated("halfF16", 0x1000)}
		untiedHigh = map[kinds.Rounding]Mem{kinds.ToBF16: roundHigh, kinds.ToF16: Repeated("highF16", 0xffffe000)}
		wordOnes, raised = Repeated("wordOnes", 0x00010001), Repeated("raised", uint32(codeMost)*0x01010101)
	}
}

// transposed writes the order that transposes the 4 × 4 bytes of each 16: byte k of
// row r, at 4r + k, goes to 4k + r.
func transposed() Mem {
	order := make([]uint32, Lanes())
	for i := range order {
		row := uint32(i % 4)
		order[i] = row | (row+4)<<8 | (row+8)<<16 | (row+12)<<24
	}
	return Table("transpose", order...)
}
