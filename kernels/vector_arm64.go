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
	v.scores32 = func(a *scoresArgs[float32]) {
		for r := range a.rows {
			row := a.dst[r*a.dstStride:][:a.positions]
			clear(row)
			addLines32NEON(row, a.q[r*a.dim:][:a.dim], a.k, PageSize, a.positions)
		}
	}
	v.scores16 = func(a *scoresArgs[uint16]) {
		for r := range a.rows {
			row := a.dst[r*a.dstStride:][:a.positions]
			clear(row)
			addLines16NEON(row, a.q[r*a.dim:][:a.dim], a.k, PageSize, a.positions)
		}
	}
	v.weigh32 = func(a *weighArgs[float32]) {
		for r := range a.rows {
			addLines32NEON(a.dst[r*a.vStride:][:a.vStride], a.weights[r*a.weightStride:][:a.positions], a.v, a.vStride, a.vStride)
		}
	}
	v.weigh16 = func(a *weighArgs[uint16]) {
		for r := range a.rows {
			addLines16NEON(a.dst[r*a.vStride:][:a.vStride], a.weights[r*a.weightStride:][:a.positions], a.v, a.vStride, a.vStride)
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

// addLines32NEON adds Σ_i x[i]·lines[i·lineStride+c] to y[c], fused, i ascending, for
// c < columns, a multiple of 16; x is not empty.
//
//go:noescape
func addLines32NEON(y, x, lines []float32, lineStride, columns int)

// addLines16NEON is addLines32NEON over lines in float16.
//
//go:noescape
func addLines16NEON(y, x []float32, lines []uint16, lineStride, columns int)
