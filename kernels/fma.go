package kernels

import "math"

// fma32 returns a·b + c rounded once to float32, as a vector unit's fused
// multiply-add does. The product of two float32s is exact in float64, so the
// float64 sum s is one rounding away from the truth; rounding s again, to
// float32, is right unless s lies on a midpoint of two float32s (its low 29
// bits are 1 followed by zeros) or below the normal range.
func fma32(a, b, c float32) float32 {
	s := float64(a)*float64(b) + float64(c)
	if u := math.Float64bits(s); u&(1<<29-1) != 1<<28 && u<<1 >= minNormal32<<1 {
		return float32(s)
	}
	return fma32Odd(a, b, c)
}

// minNormal32 is the bit pattern, as a float64, of the least normal float32.
const minNormal32 = uint64(1023-126) << 52

// fma32Odd is fma32 where rounding twice could go wrong: it rounds the sum to
// odd in float64 (Boldo and Melquiond, "Emulation of FMA and correctly
// rounded sums", 2008), after which rounding to float32 is always right.
func fma32Odd(a, b, c float32) float32 {
	x, y := float64(a)*float64(b), float64(c)
	s := x + y
	// Knuth's TwoSum: e is what s lost.
	t := s - x
	e := (x - (s - t)) + (y - t)
	u := math.Float64bits(s)
	if e != 0 && u&1 == 0 { // NaN and Inf have e = NaN, and stay what they are
		if math.IsNaN(e) {
			return float32(s)
		}
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return float32(math.Float64frombits(u))
}
