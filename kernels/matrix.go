package kernels

import (
	"math"

	"github.com/medner/medner/internal/kinds"
)

// matrixOps are the kernels over packed weights that come in variants, for
// whole tiles. Each has a twin in Go, named with Go at the end, that says
// what it computes and that every variant equals in every bit.
type matrixOps struct {
	// vector multiplies packed tiles by at most vectorTokens tokens: y = x Wᵀ,
	// 16 outputs a tile.
	vector       [kinds.Count]vectorFunc
	vectorTokens int
	// vectorFew is up to how many tokens vector beats expand and block.
	vectorFew [kinds.Count]int
	// vectorTiles is the number of tiles at a time that vector is fastest with.
	vectorTiles int

	// expand dequantises some steps of K of one tile to panel, [k][16]. Where
	// the scale comes after the sum, panel gets bare codes: block applies it. tops are
	// the rows' scales, of each block, where they come before the sum, and in kinds
	// with zeros the rows' zeros, of the one block that is expanded at a time.
	expand [kinds.Count]expandFunc
	// group converts the zeros and scales of a group of each of some tiles to float32.
	group func(*groupArgs)
	// block multiplies expanded tiles by at most blockTokens tokens and adds to
	// y: for each tile t, token c and row r
	//
	//	s = Σ_i panel[t·panelStride + i·16 + r]·x[i·n + c]     fused, i ascending
	//	y[c·yStride + t·16 + r] += scales[t·scaleStride + r]·s     fused
	block       func(*blockArgs)
	blockTokens int

	fastOps
}

type (
	vectorFunc func(*vectorArgs)
	expandFunc func(panel []float32, words []uint32, tops []float32, code *lookup)
)

var matrixScalar = func() matrixOps {
	ops := matrixOps{vectorTokens: 2, vectorTiles: 1, group: groupGo, block: blockGo, blockTokens: 6, fastOps: fastScalar}
	for k := range kinds.Count {
		ops.vector[k], ops.expand[k] = vectorGo(k), expandGo(k)
		ops.vectorFew[k] = ops.vectorTokens
	}
	return ops
}()

// codeAt returns what a weight of a tile stands for but for its scale and its zero:
// of a kind, at step k of K, in a row.
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
	case kinds.U4, kinds.U4x32:
		return float32(nibble(words, k, row))
	}
	return code[nibble(words, k, row)]
}

// factorAt returns a weight as it enters a sum: its code, less its zero, if there are
// zeros; and where the scale comes before the sum, code·scale rounded. top is the
// zero or that scale.
func factorAt(kind kinds.Kind, words []uint32, k, row int, top float32, code *lookup) float32 {
	v, f := codeAt(kind, words, k, row, code), kind.Form()
	switch {
	case f.Zeros:
		v -= top
	case f.Scale == kinds.BeforeSum:
		v = rounded(f.Round, v*top)
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
	return func(a *vectorArgs) {
		tileWords, tileScales := a.k/8*f.Words8(), 0
		if a.scales != nil {
			tileScales = a.k / f.Block * tileRows
		}
		for i := range a.n * a.tiles * tileRows {
			token, tile, row := i/(a.tiles*tileRows), i/tileRows%a.tiles, i%tileRows
			words, scales := a.words[tile*tileWords:], a.scales[tile*tileScales:]
			x := a.x[token*a.xStride:][:a.k]
			y := float32(0)
			for from := 0; from < a.k; from += f.Block {
				top, last := float32(1), float32(1)
				switch {
				case f.Zeros:
					g := grouping{a.group, Format(a.scale)}
					group := a.groups[tile*a.tileGroups+from/g.steps*g.groupWords():]
					top, last = float32(zerosOf(group)[row]), scaleOf(group, row, g.scale)
				case f.Scale == kinds.AfterSum:
					last = scales[from/f.Block*tileRows+row]
				case f.Scale == kinds.BeforeSum:
					top = scales[from/f.Block*tileRows+row]
				}
				s := float32(0)
				for k, v := range x[from:min(from+f.Block, a.k)] {
					s = fma32(factorAt(kind, words, from+k, row, top, a.code), v, s)
				}
				y = fma32(last, s, y)
			}
			a.y[token*a.yStride+tile*tileRows+row] = y
		}
	}
}

// expandGo returns matrixOps.expand of a kind.
func expandGo(kind kinds.Kind) expandFunc {
	f := kind.Form()
	return func(panel []float32, words []uint32, tops []float32, code *lookup) {
		top := float32(1)
		for i := range panel {
			k, row := i/tileRows, i%tileRows
			if f.Zeros || f.Scale == kinds.BeforeSum {
				top = tops[k/f.Block*tileRows+row]
			}
			panel[i] = factorAt(kind, words, k, row, top, code)
		}
	}
}

// groupGo is matrixOps.group.
func groupGo(a *groupArgs) {
	for i := range a.tiles * tileRows {
		tile, row := i/tileRows, i%tileRows
		group := a.words[tile*a.tileGroups:]
		a.zeros[i], a.scales[i] = float32(zerosOf(group)[row]), scaleOf(group, row, Format(a.scale))
	}
}

// blockGo is matrixOps.block.
func blockGo(a *blockArgs) {
	for t := range a.tiles {
		panel, scales := a.panel[t*a.panelStride:][:a.k*tileRows], a.scales[t*a.scaleStride:][:tileRows]
		for c := range a.n {
			var s [tileRows]float32
			for i := range a.k {
				v, w := a.x[i*a.n+c], (*[tileRows]float32)(panel[i*tileRows:])
				for r := range s {
					s[r] = fma32(w[r], v, s[r])
				}
			}
			y := a.y[c*a.yStride+t*tileRows:][:tileRows]
			for r := range s {
				y[r] = fma32(scales[r], s[r], y[r])
			}
		}
	}
}
