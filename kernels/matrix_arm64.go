//go:build !noasm

package kernels

import (
	"math"

	"github.com/medner/medner/internal/kinds"
)

// matrixNEON has kernels for f32, bf16, 4 bits and U4; the rest is Go.
var matrixNEON = func() matrixOps {
	m := matrixScalar
	m.vector[kinds.F32] = vectorF32NEON
	m.vector[kinds.BF16] = vectorBF16NEON
	m.vector[kinds.Bits4] = vector4NEON
	m.vectorTokens = 1
	for k := range kinds.Count {
		m.vectorFew[k] = 1
		if f := k.Form(); f.Zeros {
			m.vector[k], m.expand[k] = vectorU4NEON(f.Block), expandU4NEON
		}
	}
	m.expand[kinds.BF16], m.expand[kinds.Bits4] = expandBF16NEON, expand4NEON
	m.block, m.blockTokens = blockNEON, 4
	return m
}()

// vectorF32NEON is vectorGo of kinds.F32 for one token.
//
//go:noescape
func vectorF32NEON(a *vectorArgs)

// vectorBF16NEON is vectorGo of kinds.BF16 for one token.
//
//go:noescape
func vectorBF16NEON(a *vectorArgs)

// vector4NEON is vectorGo of kinds.Bits4 for one token.
//
//go:noescape
func vector4NEON(a *vectorArgs)

// expandBF16NEON is expandGo of kinds.BF16.
//
//go:noescape
func expandBF16NEON(panel []float32, words []uint32, tops []float32, code *[32]float32)

// expand4NEON is expandGo of kinds.Bits4.
//
//go:noescape
func expand4NEON(panel []float32, words []uint32, tops []float32, code *[32]float32)

// blockNEON is blockGo.
//
//go:noescape
func blockNEON(a *blockArgs)

// groupU4Args are the arguments of groupU4NEON.
type groupU4Args struct {
	y      []float32 // [16]
	words  []uint32
	x      []float32
	scales *[tileRows]float32
	zeros  *[tileRows]int8
	k      int // steps along K, a multiple of 8
	block  int // steps along K of a partial sum
	table  *[64]byte
}

// u4Table has the bytes 2 of the floats -16 to 15, and then their bytes 3.
var u4Table = func() (t [64]byte) {
	for i := range 32 {
		bits := math.Float32bits(float32(i - 16))
		t[i], t[32+i] = byte(bits>>16), byte(bits>>24)
	}
	return t
}()

// vectorU4NEON returns vectorGo of a kind with zeros for one token.
func vectorU4NEON(block int) vectorFunc {
	return func(a *vectorArgs) {
		var scales [tileRows]float32
		g := grouping{a.group, Format(a.scale)}
		for tile := range a.tiles {
			y := a.y[tile*tileRows:][:tileRows]
			clear(y)
			for from := 0; from < a.k; from += g.steps {
				group := a.groups[tile*a.tileGroups+from/g.steps*g.groupWords():]
				for r := range scales {
					scales[r] = scaleOf(group, r, g.scale)
				}
				groupU4NEON(&groupU4Args{
					y: y, words: a.words[(tile*a.k+from)/8*tileRows:], x: a.x[from:], scales: &scales, zeros: zerosOf(group),
					k: min(g.steps, a.k-from), block: block, table: &u4Table,
				})
			}
		}
	}
}

// expandU4NEON is expandGo of kinds with zeros.
func expandU4NEON(panel []float32, words []uint32, tops []float32, _ *lookup) {
	var zeros [tileRows]int8
	for r := range zeros {
		zeros[r] = int8(tops[r])
	}
	zeroedNEON(panel, words, &zeros, &u4Table)
}

// groupU4NEON adds the product of a group of a tile with one token to y.
//
//go:noescape
func groupU4NEON(a *groupU4Args)

// zeroedNEON sets a panel to codes less zeros.
//
//go:noescape
func zeroedNEON(panel []float32, words []uint32, zeros *[16]int8, table *[64]byte)
