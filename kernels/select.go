package kernels

import (
	"math"
	"math/bits"
)

// The primitives from which a token is chosen. Bitmaps hold index i in bit i%64
// of word i/64; they may be shorter than x, the missing words being zeros, and
// nil allows every index.

// Greatest returns the greatest of x (-Inf if x is empty) and whether all of x
// are finite. If one is not, the greatest means nothing.
func Greatest(x []float32) (greatest float32, finite bool) { return vec().scan(x) }

// GreatestAllowed returns the greatest of the x that the bitmap allows, -Inf if
// it allows none.
func GreatestAllowed(x []float32, allowed []uint64) float32 { return vec().maxAllowed(x, allowed) }

// FirstEqual returns the first index that the bitmap allows and whose value
// equals v, -1 if there is none.
func FirstEqual(x []float32, allowed []uint64, v float32) int {
	return vec().firstEqual(x, allowed, v)
}

// LogSumExp returns log Σ eˣ as float64, given the greatest x. Sums of 1024
// terms each are added in float64, so that a vocabulary's worth loses nothing.
func LogSumExp(x []float32, greatest float32) float64 {
	ops, total := vec(), 0.0
	for len(x) > 0 {
		n := min(len(x), 1024)
		total += float64(ops.sumExp(x[:n], greatest))
		x = x[n:]
	}
	return float64(greatest) + log64(total)
}

// SoftmaxWeights sets dst[i] = e^((x[i]-greatest)/temperature), the terms of a
// softmax. Values above greatest count as greatest. dst and x are equally long.
func SoftmaxWeights(dst, x []float32, greatest, temperature float32) {
	mustFit("SoftmaxWeights", len(dst), len(x), len(x))
	for i, v := range x {
		dst[i] = min(v-greatest, 0) / temperature
	}
	vec().expSum(dst, 0)
}

// scanGo is the twin of Greatest.
func scanGo(x []float32) (greatest float32, finite bool) {
	greatest, finite = float32(math.Inf(-1)), true
	for _, v := range x {
		if v > greatest {
			greatest = v
		}
		if v-v != 0 {
			finite = false
		}
	}
	return greatest, finite
}

// maxAllowedGo is the twin of GreatestAllowed.
func maxAllowedGo(x []float32, allowed []uint64) float32 {
	m := float32(math.Inf(-1))
	if allowed == nil {
		for _, v := range x {
			if v > m {
				m = v
			}
		}
		return m
	}
	for i, word := range allowed {
		for ; word != 0; word &= word - 1 {
			at := 64*i + bits.TrailingZeros64(word)
			if at >= len(x) {
				break
			}
			if x[at] > m {
				m = x[at]
			}
		}
	}
	return m
}

// firstEqualGo is the twin of FirstEqual.
func firstEqualGo(x []float32, allowed []uint64, v float32) int {
	if allowed == nil {
		for i, w := range x {
			if w == v {
				return i
			}
		}
		return -1
	}
	for i, word := range allowed {
		for ; word != 0; word &= word - 1 {
			at := 64*i + bits.TrailingZeros64(word)
			if at >= len(x) {
				break
			}
			if x[at] == v {
				return at
			}
		}
	}
	return -1
}
