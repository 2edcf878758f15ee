package kernels

import (
	"math"

	"github.com/medner/medner/internal/kinds"
)

// In kinds that round, a weight is code·scale rounded to 16 bits, ties to even. Adding
// half a unit to the bits of the float32 product and dropping the bits below takes two
// operations where rounding takes four; it rounds ties away from zero. So packing looks at
// what the 16 codes make of each scale. If one product is a tie that should be rounded
// down (of one scale in some 10,000 for bfloat16, in 1,000 for float16), it looks for a
// scale beside it with which all 16 are rounded to the same weights as before, either
// way. It keeps that scale: every kernel makes the same weights of it.
//
// Tiles in which there is no such scale for some block are tied: their products are
// rounded by the book. These are mostly those with float16's subnormal numbers.

// untieReach is how many scales below and above are tried.
const untieReach = 8

// rounder says how float32 bits are rounded where there are no ties.
type rounder struct {
	round       kinds.Rounding
	half        uint32 // of the unit that stays
	least, most uint32 // the bits of the magnitudes, but 0, that are rounded so: least ≤ m < most
}

// rounders has one for each rounding to 16 bits.
var rounders = [...]rounder{
	kinds.ToBF16: {kinds.ToBF16, 1 << 15, 0, 0x7f800000},
	kinds.ToF16:  {kinds.ToF16, 1 << 12, math.Float32bits(0x1p-14), math.Float32bits(65520)},
}

// untie returns a scale that makes of all codes the weights that scale makes, rounded
// either way; false, and scale itself, if it finds none.
func (r *rounder) untie(code *[16]float32, scale float32) (float32, bool) {
	if r.free(code, scale) {
		return scale, true
	}
	for d := range uint32(untieReach + 1) {
		for _, bits := range [2]uint32{math.Float32bits(scale) - d, math.Float32bits(scale) + d} {
			if s := math.Float32frombits(bits); r.same(code, scale, s) {
				return s, true
			}
		}
	}
	return scale, false
}

// free says that no product is a tie, or out of what is rounded so.
func (r *rounder) free(code *[16]float32, scale float32) bool {
	for _, c := range code {
		b := math.Float32bits(c * scale)
		m := b &^ (1 << 31)
		if b&(2*r.half-1) == r.half || m != 0 && (m < r.least || m >= r.most) {
			return false
		}
	}
	return true
}

// same says that with another scale all codes make the weights that scale makes,
// rounded either way.
func (r *rounder) same(code *[16]float32, scale, other float32) bool {
	for _, c := range code {
		want, p := math.Float32bits(rounded(r.round, c*scale)), c*other
		away := (math.Float32bits(p) + r.half) &^ (2*r.half - 1)
		if want != away || want != math.Float32bits(rounded(r.round, p)) {
			return false
		}
	}
	return true
}

// tiedRun returns whether a tile is tied, and the tile behind those up to hi that
// are as it is.
func (w *Weights) tiedRun(tile, hi int) (tied bool, end int) {
	if w.tied == nil {
		return false, hi
	}
	for end = tile + 1; end < hi && w.tied[end] == w.tied[tile]; end++ {
	}
	return w.tied[tile], end
}
