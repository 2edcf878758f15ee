package kernels

import (
	"math"

	"github.com/medner/medner/internal/kinds"
)

// matrixOps are the kernels over packed weights that come in variants, for
// whole tiles. Each has a twin in Go, named with Go at the end, that says
// what it computes and that every variant equals in every bit.
type matrixOps struct {
	// vector is the product of packed tiles with n ≤ vectorColumns columns of
	// depth (K padded) numbers, reach apart: 16 values a tile, to each y of
	// the columns, stride apart.
	vector        [kinds.Count]vectorFunc
	vectorColumns int
	// vectorFew is up to how many columns that beats expand and block.
	vectorFew [kinds.Count]int
	// vectorTiles is how many tiles it likes to do at a time.
	vectorTiles int

	// expand dequantises some steps of K of one tile to panel, [k][16]. Where
	// the epilogue of block applies the scales, these are bare codes.
	expand [kinds.Count]expandFunc
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

var matrixScalar = func() matrixOps {
	ops := matrixOps{vectorColumns: 2, vectorTiles: 1, block: blockGo, columns: 6, fastOps: fastScalar}
	for k := range kinds.Count {
		ops.vector[k], ops.vectorFew[k], ops.expand[k] = vectorGo(k), ops.vectorColumns, expandGo(k)
	}
	return ops
}()

// codeAt returns what a weight of a tile stands for but for its scale: of a
// kind, at step k of K, in a row.
func codeAt(kind kinds.Kind, words []uint32, k, row int, code *lookup) float32 {
	switch kind {
	case kinds.F32:
		return math.Float32frombits(words[k*tileRows+row])
	case kinds.BF16:
		return math.Float32frombits(words[k/2*tileRows+row] >> (k % 2 * 16) << 16)
	case kinds.F16:
		return floatOf(uint16(words[(k*tileRows+row)/2] >> (row % 2 * 16)))
	case kinds.Int8:
		return float32(int8(words[k/4*tileRows+row] >> (k % 4 * 8)))
	}
	return code[nibble(words, k, row)]
}

// factorAt returns a weight as it enters a sum: its code, and where the scale
// comes before the sum, code·scale rounded.
func factorAt(kind kinds.Kind, words []uint32, k, row int, scale float32, code *lookup) float32 {
	v := codeAt(kind, words, k, row, code)
	if f := kind.Form(); f.Scale == kinds.BeforeSum {
		v = rounded(f.Round, v*scale)
	}
	return v
}

// rounded rounds v as r says.
func rounded(r kinds.Rounding, v float32) float32 {
	switch r {
	case kinds.ToBF16:
		return math.Float32frombits(bf16Bits(v) << 16)
	case kinds.ToF16:
		return floatOf(uint16(f16Bits(v)))
	}
	return v
}

// nibble is the 4-bit code at step k.
func nibble(words []uint32, k, row int) uint32 {
	return words[k/8*tileRows+row] >> nibbleShift(k) & 15
}

// nibbleShift is the first bit of the 4-bit code of step k in its word.
func nibbleShift(k int) int { return k%4*8 + k/4%2*4 }

// vectorGo returns matrixOps.vector of a kind.
func vectorGo(kind kinds.Kind) vectorFunc {
	f := kind.Form()
	return func(y []float32, stride int, words []uint32, scales, x []float32, reach, n, depth, tiles int, code *lookup) {
		tileWords, tileScales := depth/8*f.Words8(), 0
		if f.Scaled() {
			tileScales = depth / f.Block * tileRows
		}
		for i := range n * tiles * tileRows {
			column, tile, row := i/(tiles*tileRows), i/tileRows%tiles, i%tileRows
			words, scales, x := words[tile*tileWords:], scales[tile*tileScales:], x[column*reach:][:depth]
			acc := float32(0)
			for from := 0; from < depth; from += f.Block {
				scale, last := float32(1), float32(1)
				if f.Scaled() {
					scale = scales[from/f.Block*tileRows+row]
				}
				if f.Scale == kinds.AfterSum {
					last = scale
				}
				s := float32(0)
				for k, v := range x[from:min(from+f.Block, depth)] {
					s = fma32(factorAt(kind, words, from+k, row, scale, code), v, s)
				}
				acc = fma32(last, s, acc)
			}
			y[column*stride+tile*tileRows+row] = acc
		}
	}
}

// expandGo returns matrixOps.expand of a kind.
func expandGo(kind kinds.Kind) expandFunc {
	f := kind.Form()
	return func(panel []float32, words []uint32, scales []float32, code *lookup) {
		scale := float32(1)
		for i := range panel {
			k, row := i/tileRows, i%tileRows
			if f.Scaled() {
				scale = scales[k/f.Block*tileRows+row]
			}
			panel[i] = factorAt(kind, words, k, row, scale, code)
		}
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
