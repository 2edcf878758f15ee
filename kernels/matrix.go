package kernels

import "math"

// matrixOps are the kernels over packed weights that come in variants, for
// whole tiles. Each has a twin in Go, named with Go at the end, that says
// what it computes and that every variant equals in every bit.
type matrixOps struct {
	// vector is the product with one x: y, 16 values a tile, from the words
	// and scales of as many tiles. len(x) is the padded K.
	vector [kinds]func(y []float32, words []uint32, scales, x []float32, code *[16]float32)
	// vectorTiles is how many tiles it likes to do at a time.
	vectorTiles int

	// expand dequantises some steps of K of one tile to panel, [k][16]. Where
	// the epilogue of block applies the scales, these are bare codes.
	expand [kinds]func(panel []float32, words []uint32, scales []float32, code *[16]float32)
	// block is the product of expanded tiles with n ≤ columns columns: for
	// each tile t, column c and row r
	//
	//	s = Σ_k panel[t·reach + k·16 + r]·x[k·n + c]     fused, k ascending
	//	acc[c·stride + t·16 + r] += scales[t·scaleReach + r]·s     fused
	block   func(acc []float32, stride int, panel []float32, reach int, x, scales []float32, scaleReach, k, n, tiles int)
	columns int

	fastOps
}

var matrixScalar = matrixOps{
	vector: [kinds]func(y []float32, words []uint32, scales, x []float32, code *[16]float32){
		vectorGo[f32Code], vectorGo[bf16Code], vectorGo[f16Code], vectorGo[int8Code],
		vectorGo[code4], vectorGo[code4BF16], vectorGo[code4F16],
	},
	vectorTiles: 1,
	expand: [kinds]func(panel []float32, words []uint32, scales []float32, code *[16]float32){
		expandGo[f32Code], expandGo[bf16Code], expandGo[f16Code], expandGo[int8Code],
		expandGo[code4], expandGo[code4BF16], expandGo[code4F16],
	},
	block: blockGo, columns: 6,
	fastOps: fastScalar,
}

// A coder reads one weight of a tile: at step k, in the given row.
type coder interface {
	kind() kind
	at(words []uint32, k, row int, scale float32, code *[16]float32) float32
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

func (f32Code) at(words []uint32, k, row int, _ float32, _ *[16]float32) float32 {
	return math.Float32frombits(words[k*tileRows+row])
}

func (bf16Code) at(words []uint32, k, row int, _ float32, _ *[16]float32) float32 {
	return math.Float32frombits(words[k/2*tileRows+row] >> (k % 2 * 16) << 16)
}

func (f16Code) at(words []uint32, k, row int, _ float32, _ *[16]float32) float32 {
	return floatOf(uint16(words[(k*tileRows+row)/2] >> (row % 2 * 16)))
}

func (int8Code) at(words []uint32, k, row int, _ float32, _ *[16]float32) float32 {
	return float32(int8(words[k/4*tileRows+row] >> (k % 4 * 8)))
}

// nibble is the 4-bit code at step k.
func nibble(words []uint32, k, row int) uint32 {
	return words[k/8*tileRows+row] >> (k%4*8 + k/4%2*4) & 15
}

func (code4) at(words []uint32, k, row int, _ float32, code *[16]float32) float32 {
	return code[nibble(words, k, row)]
}

func (code4BF16) at(words []uint32, k, row int, scale float32, code *[16]float32) float32 {
	return roundTo(BF16, code[nibble(words, k, row)]*scale)
}

func (code4F16) at(words []uint32, k, row int, scale float32, code *[16]float32) float32 {
	return roundTo(F16, code[nibble(words, k, row)]*scale)
}

// vectorGo is matrixOps.vector of one kind.
func vectorGo[C coder](y []float32, words []uint32, scales, x []float32, code *[16]float32) {
	var c C
	l, k := layouts[c.kind()], len(x)
	tileWords, tileScales := k/8*l.eighth, 0
	if l.scaled {
		tileScales = k / l.block * tileRows
	}
	for tile := range len(y) / tileRows {
		words, scales := words[tile*tileWords:], scales[tile*tileScales:]
		for row := range tileRows {
			acc := float32(0)
			for from := 0; from < k; from += l.block {
				scale, last := float32(1), float32(1)
				if l.scaled {
					scale = scales[from/l.block*tileRows+row]
				}
				if c.kind() == kind4 || c.kind() == kindInt8 {
					last = scale
				}
				s := float32(0)
				for i, v := range x[from:min(from+l.block, k)] {
					s = fma32(c.at(words, from+i, row, scale, code), v, s)
				}
				acc = fma32(last, s, acc)
			}
			y[tile*tileRows+row] = acc
		}
	}
}

// expandGo is matrixOps.expand of one kind.
func expandGo[C coder](panel []float32, words []uint32, scales []float32, code *[16]float32) {
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
