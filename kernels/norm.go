package kernels

import "math"

// sumSquaresGo returns Σ x², by 16 partial sums over i mod 16.
func sumSquaresGo(x []float32) float32 {
	var s [16]float32
	for i, v := range x {
		s[i&15] = fma32(v, v, s[i&15])
	}
	return joinSums(&s)
}

// scaleWeightGo sets dst[i] = (x[i]·scale)·weight[i], rounding both products.
func scaleWeightGo(dst, x, weight []float32, scale float32) {
	for i, v := range x {
		dst[i] = float32(v*scale) * weight[i]
	}
}

// RMSNorm sets dst = (x / √(mean x² + eps)) ∘ weight for one row, rounding
// where transformers' LlamaRMSNorm does. All are equally long; dst may be x.
func RMSNorm(dst, x, weight []float32, eps float32) {
	mustFit("RMSNorm", len(dst), len(x), len(weight))
	if len(x) == 0 {
		return
	}
	ops := vec()
	mean := ops.sumSquares(x) / float32(len(x))
	inverse := 1 / float32(math.Sqrt(float64(mean+eps)))
	ops.scaleWeight(dst, x, weight, inverse)
}

// addGo sets dst[i] += x[i].
func addGo(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}

// Add sets dst += x, equally long: the residual, or a bias on one row.
func Add(dst, x []float32) {
	mustFit("Add", len(dst), len(x), len(x))
	vec().add(dst, x)
}

// addScaledGo sets dst[i] += scale·x[i], rounding the product.
func addScaledGo(dst, x []float32, scale float32) {
	for i, v := range x {
		dst[i] += float32(scale * v)
	}
}

// mulGo sets dst[i] *= x[i].
func mulGo(dst, x []float32) {
	for i, v := range x {
		dst[i] *= v
	}
}

// divideGo sets dst[i] = x[i] / by.
func divideGo(dst, x []float32, by float32) {
	for i, v := range x {
		dst[i] = v / by
	}
}
