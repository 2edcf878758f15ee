//go:build !noasm

package kernels

// vectorNEON has the kernels over vectors that a step spends its time in; the
// rest is Go.
var vectorNEON = func() vectorOps {
	v := vectorScalar
	v.sumSquares = func(x []float32) float32 {
		var s [16]float32
		n := len(x) &^ 15
		sumSquaresNEON(x[:n], &s)
		for i, v := range x[n:] {
			s[i] = fma32(v, v, s[i])
		}
		return joinSums(&s)
	}
	v.expSum = func(x []float32, shift float32) float32 {
		var s [16]float32
		n := len(x) &^ 15
		expSumNEON(x[:n], shift, &s)
		for i, v := range x[n:] {
			e := exp32(v - shift)
			x[n+i] = e
			s[i] += e
		}
		return joinSums(&s)
	}
	v.sumExp = func(x []float32, shift float32) float32 {
		var s [16]float32
		n := len(x) &^ 15
		sumExpNEON(x[:n], shift, &s)
		for i, v := range x[n:] {
			s[i] += exp32(v - shift)
		}
		return joinSums(&s)
	}
	v.siluMul = func(dst, gate, up []float32) {
		n := len(gate) &^ 3
		siluMulNEON(dst[:n], gate[:n], up[:n])
		siluMulGo(dst[n:], gate[n:], up[n:])
	}
	v.scores32 = func(dst []float32, stride int, q, k, _ []float32, dim, rows, columns int) {
		for r := range rows {
			row := dst[r*stride:][:columns]
			clear(row)
			addLines32NEON(row, q[r*dim:][:dim], k, PageSize, columns)
		}
	}
	v.scores16 = func(dst []float32, stride int, q []float32, k, _ []uint16, dim, rows, columns int) {
		for r := range rows {
			row := dst[r*stride:][:columns]
			clear(row)
			addLines16NEON(row, q[r*dim:][:dim], k, PageSize, columns)
		}
	}
	v.weigh32 = func(dst, weights []float32, reach int, lines, _ []float32, stride, rows, n int) {
		for r := range rows {
			addLines32NEON(dst[r*stride:][:stride], weights[r*reach:][:n], lines, stride, stride)
		}
	}
	v.weigh16 = func(dst, weights []float32, reach int, lines, _ []uint16, stride, rows, n int) {
		for r := range rows {
			addLines16NEON(dst[r*stride:][:stride], weights[r*reach:][:n], lines, stride, stride)
		}
	}
	return v
}()

// sumSquaresNEON adds the squares of x, a multiple of 16, to sums by index
// mod 16.
//
//go:noescape
func sumSquaresNEON(x []float32, sums *[16]float32)

// expSumNEON replaces x, a multiple of 16, by e^(x-shift), and adds it to sums
// by index mod 16.
//
//go:noescape
func expSumNEON(x []float32, shift float32, sums *[16]float32)

// sumExpNEON is expSumNEON that leaves x as it is.
//
//go:noescape
func sumExpNEON(x []float32, shift float32, sums *[16]float32)

// siluMulNEON is siluMulGo for a multiple of 4.
//
//go:noescape
func siluMulNEON(dst, gate, up []float32)

// addLines32NEON adds Σ_i x[i]·lines[i·step+c] to y[c], fused, i ascending, for
// c < columns, a multiple of 16; x is not empty.
//
//go:noescape
func addLines32NEON(y, x, lines []float32, step, columns int)

// addLines16NEON is addLines32NEON over lines in float16.
//
//go:noescape
func addLines16NEON(y, x []float32, lines []uint16, step, columns int)
