package kernels

import "math"

// The shared exponential. Every variant evaluates this very chain, so that
// all agree in every bit (math.Exp differs by architecture):
//
//	n = round(x·log2 e),  r = x - n·ln 2  (in two fused steps, |r| ≤ 0.347)
//	eʳ ≈ 1 + r + r²·(c₂ + c₃r + c₄r² + c₅r³ + c₆r⁴)
//
// The coefficients are a minimax fit of the relative error (3.6e-9 after
// rounding to float32); the result is within one unit in the last place.
const (
	expLog2E   = float32(1.44269504)
	expRound   = float32(3 << 22) // adding it leaves n in the low bits
	expLn2     = float32(0.693147181)
	expLn2Rest = float32(-1.9046542e-09)
	expC2      = float32(0x1.fffffcp-2)
	expC3      = float32(0x1.555492p-3)
	expC4      = float32(0x1.5558f2p-5)
	expC5      = float32(0x1.123a2p-7)
	expC6      = float32(0x1.6a23dp-10)
	expMin     = float32(-87.33654) // below: 0, never a subnormal
	expMax     = float32(88.72283)  // above: +Inf
)

// exp32 returns eˣ; 0 where that is below the normal range.
func exp32(x float32) float32 {
	if x < expMin {
		return 0
	}
	if x > expMax {
		return float32(math.Inf(1))
	}
	t := fma32(x, expLog2E, expRound)
	n := t - expRound
	r := fma32(n, -expLn2, x)
	r = fma32(n, -expLn2Rest, r)
	p := fma32(expC6, r, expC5)
	p = fma32(p, r, expC4)
	p = fma32(p, r, expC3)
	p = fma32(p, r, expC2)
	p = fma32(p, r, 1)
	p = fma32(p, r, 1)
	return math.Float32frombits(math.Float32bits(p) + math.Float32bits(t)<<23)
}

// joinSums adds 16 partial sums by one fixed tree, by halves: the order in
// which a vector register folds.
func joinSums(s *[16]float32) float32 {
	for h := 8; h > 0; h /= 2 {
		for i := range h {
			s[i] += s[i+h]
		}
	}
	return s[0]
}

// expSumGo replaces x[i] by e^(x[i]-shift) and returns the sum, by 16 partial
// sums over i mod 16. No x is greater than shift.
func expSumGo(x []float32, shift float32) float32 {
	var s [16]float32
	for i, v := range x {
		e := exp32(v - shift)
		x[i] = e
		s[i&15] += e
	}
	return joinSums(&s)
}

// sumExpGo returns the sum that expSumGo returns, and leaves x as it is.
func sumExpGo(x []float32, shift float32) float32 {
	var s [16]float32
	for i, v := range x {
		s[i&15] += exp32(v - shift)
	}
	return joinSums(&s)
}

// scaleMaxGo multiplies x by scale and returns the greatest product, -Inf if x is
// empty.
func scaleMaxGo(x []float32, scale float32) float32 {
	m := float32(math.Inf(-1))
	for i, v := range x {
		v *= scale
		x[i] = v
		if v > m {
			m = v
		}
	}
	return m
}

// siluMulGo sets dst[i] = silu(gate[i]) · up[i], silu(x) = x / (1 + e⁻ˣ).
func siluMulGo(dst, gate, up []float32) {
	for i, g := range gate {
		dst[i] = g / (1 + exp32(-g)) * up[i]
	}
}

// SiLUMul sets dst = silu(gate) ∘ up, the inside of a gated MLP; the three
// are equally long, and dst may be gate or up.
func SiLUMul(dst, gate, up []float32) {
	mustFit("SiLUMul", len(dst), len(gate), len(up))
	vec().siluMul(dst, gate, up)
}

// log64 returns log x of a normal x > 0 through
// log m = 2·artanh((m-1)/(m+1)), the same on every architecture.
func log64(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := (m - 1) / (m + 1)
	z := float64(f * f)
	p := 0.0
	for k := 21; k >= 1; k -= 2 {
		p = math.FMA(p, z, 1/float64(k))
	}
	return math.FMA(float64(e), math.Ln2, float64(2*f)*p)
}
