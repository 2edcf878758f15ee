package kernels

import "math"

// matrixOps are the kernels over packed weights that come in variants, for
// whole tiles. Each has a twin in Go, named with Go at the end, that says
// what it computes and that every variant equals in every bit.
type matrixOps struct {
	// vector is the product of packed tiles with n ≤ vectorColumns columns of
	// depth (K padded) numbers, reach apart: 16 values a tile, to each y of
	// the columns, stride apart.
	vector        [kinds]vectorFunc
	vectorColumns int
	// vectorFew is up to how many columns that beats expand and block.
	vectorFew [kinds]int
	// vectorTiles is how many tiles it likes to do at a time.
	vectorTiles int

	// expand dequantises some steps of K of one tile to panel, [k][16]. Where
	// the epilogue of block applies the scales, these are bare codes.
	expand [kinds]expandFunc
	// block is the product of expanded tiles with n ≤ columns columns: for
	// each tile t, column c and row r
	//
	//	s = Σ_k panel[t·reach + k·16 + r]·x[k·n + c]     fused, k ascending
	//	acc[c·stride + t·16 + r] += scales[t·scaleReach + r]·s     fused
	block   func(acc []float32, stride int, panel []float32, reach int, x, scales []float32, scaleReach, k, n, tiles int)
	columns int

	fastOps
}

type (
	vectorFunc func(y []float32, stride int, words []uint32, scales, x []float32, reach, n, depth, tiles int, code *lookup)
	expandFunc func(panel []float32, words []uint32, scales []float32, code *lookup)
)

var matrixScalar = matrixOps{
	vector: [kinds]vectorFunc{
		vectorGo[f32Code], vectorGo[bf16Code], vectorGo[f16Code], vectorGo[int8Code],
		vectorGo[code4], vectorGo[code4BF16], vectorGo[code4F16],
	},
	vectorColumns: 2, vectorFew: [kinds]int{2, 2, 2, 2, 2, 2, 2}, vectorTiles: 1,
	expand: [kinds]expandFunc{
		expandGo[f32Code], expandGo[bf16Code], expandGo[f16Code], expandGo[int8Code],
		expandGo[code4], expandGo[code4BF16], expandGo[code4F16],
	},
	block: blockGo, columns: 6,
	fastOps: fastScalar,
}

// A coder reads one weight of a tile: at step k, in the given row.
type coder interface {
	kind() kind
	at(words []uint32, k, row int, scale float32, code *lookup) float32
}

type (
	f32Code   struct{}
	bf16Code  struct{}
	f16Code   struct{}
	int8Code  struct{}
	code4     struct{}
	code4BF16 struct{}
	code4F16  struct{}
)

func (f32Code) kind() kind   { return kindF32 }
func (bf16Code) kind() kind  { return kindBF16 }
func (f16Code) kind() kind   { return kindF16 }
func (int8Code) kind() kind  { return kindInt8 }
func (code4) kind() kind     { return kind4 }
func (code4BF16) kind() kind { return kind4BF16 }
func (code4F16) kind() kind  { return kind4F16 }

func (f32Code) at(words []uint32, k, row int, _ float32, _ *lookup) float32 {
	return math.Float32frombits(words[k*tileRows+row])
}

func (bf16Code) at(words []uint32, k, row int, _ float32, _ *lookup) float32 {
	return math.Float32frombits(words[k/2*tileRows+row] >> (k % 2 * 16) << 16)
}

func (f16Code) at(words []uint32, k, row int, _ float32, _ *lookup) float32 {
	return floatOf(uint16(words[(k*tileRows+row)/2] >> (row % 2 * 16)))
}

func (int8Code) at(words []uint32, k, row int, _ float32, _ *lookup) float32 {
	return float32(int8(words[k/4*tileRows+row] >> (k % 4 * 8)))
}

// nibble is the 4-bit code at step k.
func nibble(words []uint32, k, row int) uint32 {
	return words[k/8*tileRows+row] >> nibbleShift(k) & 15
}

// nibbleShift is the first bit of the 4-bit code of step k in its word.
func nibbleShift(k int) int { return k%4*8 + k/4%2*4 }

func (code4) at(words []uint32, k, row int, _ float32, code *lookup) float32 {
	return code[nibble(words, k, row)]
}

func (code4BF16) at(words []uint32, k, row int, scale float32, code *lookup) float32 {
	return roundTo(BF16, code[nibble(words, k, row)]*scale)
}

func (code4F16) at(words []uint32, k, row int, scale float32, code *lookup) float32 {
	return roundTo(F16, code[nibble(words, k, row)]*scale)
}

// vectorGo is matrixOps.vector of one kind.
func vectorGo[C coder](y []float32, stride int, words []uint32, scales, x []float32, reach, n, depth, tiles int, code *lookup) {
	var c C
	l := layouts[c.kind()]
	tileWords, tileScales := depth/8*l.eighth, 0
	if l.scaled {
		tileScales = depth / l.block * tileRows
	}
	for i := range n * tiles * tileRows {
		column, tile, row := i/(tiles*tileRows), i/tileRows%tiles, i%tileRows
		words, scales, x := words[tile*tileWords:], scales[tile*tileScales:], x[column*reach:][:depth]
		acc := float32(0)
		for from := 0; from < depth; from += l.block {
			scale, last := float32(1), float32(1)
			if l.scaled {
				scale = scales[from/l.block*tileRows+row]
			}
			if c.kind() == kind4 || c.kind() == kindInt8 {
				last = scale
			}
			s := float32(0)
			for k, v := range x[from:min(from+l.block, depth)] {
				s = fma32(c.at(words, from+k, row, scale, code), v, s)
			}
			acc = fma32(last, s, acc)
		}
		y[column*stride+tile*tileRows+row] = acc
	}
}

// expandGo is matrixOps.expand of one kind.
func expandGo[C coder](panel []float32, words []uint32, scales []float32, code *lookup) {
	var c C
	scale := float32(1)
	for i := range panel {
		if l := layouts[c.kind()]; l.scaled {
			scale = scales[i/tileRows/l.block*tileRows+i%tileRows]
		}
		panel[i] = c.at(words, i/tileRows, i%tileRows, scale, code)
	}
}

// blockGo is matrixOps.block.
func blockGo(acc []float32, stride int, panel []float32, reach int, x, scales []float32, scaleReach, k, n, tiles int) {
	for t := range tiles {
		panel, scales := panel[t*reach:][:k*tileRows], scales[t*scaleReach:][:tileRows]
		for c := range n {
			var s [tileRows]float32
			for i := range k {
				v, w := x[i*n+c], (*[tileRows]float32)(panel[i*tileRows:])
				for r := range s {
					s[r] = fma32(w[r], v, s[r])
				}
			}
			out := acc[c*stride+t*tileRows:][:tileRows]
			for r := range s {
				out[r] = fma32(scales[r], s[r], out[r])
			}
		}
	}
}
