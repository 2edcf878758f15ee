package kernels

import "fmt"

// vectorOps are the kernels over whole vectors that come in variants. Each
// has a twin in Go, named with Go at the end, that says what it computes and
// that every variant equals in every bit.
type vectorOps struct {
	// norm.go
	sumSquares  func(x []float32) float32
	scaleWeight func(dst, x, weight []float32, scale float32)
	add         func(dst, x []float32)
	addScaled   func(dst, x []float32, scale float32)
	mul         func(dst, x []float32)
	divide      func(dst, x []float32, by float32)
	// rope.go
	rotate func(a, b, cos, sin []float32)
	// exp.go
	expSum   func(x []float32, shift float32) float32
	sumExp   func(x []float32, shift float32) float32
	scaleMax func(x []float32, scale float32) float32
	siluMul  func(dst, gate, up []float32)
	// select.go
	scan       func(x []float32) (greatest float32, finite bool)
	maxAllowed func(x []float32, allowed []uint64) float32
	firstEqual func(x []float32, allowed []uint64, v float32) int
	// cache.go
	transpose func(dst []float32, dstStride int, x []float32, xStride, rows, columns int)
	// attention.go
	scores32 func(*scoresArgs[float32])
	scores16 func(*scoresArgs[uint16])
	weigh32  func(*weighArgs[float32])
	weigh16  func(*weighArgs[uint16])
	toHalf   func(dst []uint16, x []float32)
	// peak.go: n rounds of arithmetic, and the operations of a round
	spinFMA, spinDot   func(n int)
	roundFMA, roundDot int
	xor                func(x []uint64) uint64
}

var vectorScalar = vectorOps{
	sumSquares: sumSquaresGo, scaleWeight: scaleWeightGo, add: addGo, addScaled: addScaledGo, mul: mulGo, divide: divideGo,
	rotate: rotateGo,
	expSum: expSumGo, sumExp: sumExpGo, scaleMax: scaleMaxGo, siluMul: siluMulGo,
	scan: scanGo, maxAllowed: maxAllowedGo, firstEqual: firstEqualGo,
	transpose: transposeGo[float32],
	scores32:  scores32Go, scores16: scores16Go, toHalf: toHalfGo, weigh32: weigh32Go, weigh16: weigh16Go,
	spinFMA: spinFMAGo, roundFMA: 16, spinDot: spinDotGo, roundDot: 16, xor: xorGo,
}

// mustFit panics unless the three lengths are equal.
func mustFit(name string, a, b, c int) {
	if a != b || a != c {
		panic(fmt.Sprintf("kernels: %s of lengths %d, %d and %d", name, a, b, c))
	}
}
