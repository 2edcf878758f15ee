//go:build !noasm

package kernels

// vectorAVX2 needs AVX2, FMA and F16C.
var vectorAVX2 = vectorOps{
	sumSquares: sumSquaresAVX2, scaleWeight: scaleWeightAVX2, add: addAVX2, addScaled: addScaledAVX2, mul: mulAVX2, divide: divideAVX2,
	rotate: rotateAVX2,
	expSum: expSumAVX2, sumExp: sumExpAVX2, scaleMax: scaleMaxAVX2, siluMul: siluMulAVX2,
	scan: scanAVX2,
	maxAllowed: func(x []float32, allowed []uint64) float32 {
		if allowed == nil {
			m, _ := scanAVX2(x)
			return m
		}
		words := min(len(allowed), len(x)/64)
		return max(maxWordsAVX2(x, allowed[:words]), maxAllowedGo(x[64*words:], allowed[words:]))
	},
	firstEqual: func(x []float32, allowed []uint64, v float32) int {
		if allowed == nil {
			return firstOfAll(x, v)
		}
		words := min(len(allowed), len(x)/64)
		if i := firstEqualWordsAVX2(x, allowed[:words], v); i >= 0 {
			return i
		}
		if i := firstEqualGo(x[64*words:], allowed[words:], v); i >= 0 {
			return 64*words + i
		}
		return -1
	},
	toHalf: func(dst []uint16, x []float32) {
		n := len(x) &^ 7
		toHalfAVX2(dst, x[:n])
		toHalfGo(dst[n:], x[n:])
	},
	transpose: transposeAVX2,
	scores32:  scores32AVX2, scores16: scores16AVX2, weigh32: weigh32AVX2, weigh16: weigh16AVX2,
	spinFMA: spinFMAAVX2, roundFMA: 192, spinDot: spinDotAVX2, roundDot: 1024,
	xor: func(x []uint64) uint64 {
		n := len(x) &^ 15
		return xorAVX2(x[:n]) ^ xorGo(x[n:])
	},
}

// vectorAVX512 has kernels of its own where wider vectors gain, and borrows the rest
// of vectorAVX2. It needs AVX-512F and DQ.
var vectorAVX512 = func() vectorOps {
	v := vectorAVX2
	v.expSum, v.sumExp = expSumAVX512, sumExpAVX512
	v.siluMul = siluMulAVX512
	v.scores32, v.scores16 = scores32AVX512, scores16AVX512
	v.weigh32, v.weigh16 = weigh32AVX512, weigh16AVX512
	v.spinFMA, v.roundFMA = spinFMAAVX512, 12*16*2
	return v
}()

// vectorVNNI is vectorAVX512 but for the loop that measures the peak of integer
// products.
var vectorVNNI = func() vectorOps {
	v := vectorAVX512
	v.spinDot, v.roundDot = spinDotAVX512, 12*64*2
	return v
}()

// allWords allows every id of 4096.
var allWords = func() (w [64]uint64) {
	for i := range w {
		w[i] = ^uint64(0)
	}
	return w
}()

func firstOfAll(x []float32, v float32) int {
	at := 0
	for len(x)-at >= 64 {
		words := min(len(allWords), (len(x)-at)/64)
		if i := firstEqualWordsAVX2(x[at:], allWords[:words], v); i >= 0 {
			return at + i
		}
		at += 64 * words
	}
	if i := firstEqualGo(x[at:], nil, v); i >= 0 {
		return at + i
	}
	return -1
}
