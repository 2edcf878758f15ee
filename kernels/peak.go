package kernels

// SpinFMA runs n rounds of independent float32 multiply-adds of the variant
// in use on registers alone, and returns the operations done, two for each.
// Timed, it measures the peak that products of matrices can approach.
func SpinFMA(n int) int {
	ops := vec()
	ops.spinFMA(n)
	return n * ops.roundFMA
}

// SpinDot is SpinFMA for products of int8, summed as int32.
func SpinDot(n int) int {
	ops := vec()
	ops.spinDot(n)
	return n * ops.roundDot
}

// Xor returns the exclusive or of all words, as fast as they can be read.
// Timed, it measures the bandwidth of memory.
func Xor(x []uint64) uint64 { return vec().xor(x) }

// xorGo is Xor in plain Go.
func xorGo(x []uint64) uint64 {
	var a, b, c, d uint64
	for ; len(x) >= 8; x = x[8:] {
		a ^= x[0] ^ x[4]
		b ^= x[1] ^ x[5]
		c ^= x[2] ^ x[6]
		d ^= x[3] ^ x[7]
	}
	for _, v := range x {
		a ^= v
	}
	return a ^ b ^ c ^ d
}

// spinFMAGo does 8 multiply-adds a round.
func spinFMAGo(n int) {
	var s [8]float32
	x, y := float32(1.5), float32(0.25)
	for range n {
		s[0], s[1] = fma32(s[0], x, y), fma32(s[1], x, y)
		s[2], s[3] = fma32(s[2], x, y), fma32(s[3], x, y)
		s[4], s[5] = fma32(s[4], x, y), fma32(s[5], x, y)
		s[6], s[7] = fma32(s[6], x, y), fma32(s[7], x, y)
		x, y = y, x
	}
	keep(s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7])
}

// spinDotGo does 8 products a round.
func spinDotGo(n int) {
	var s [8]int32
	x, y := int32(3), int32(-5)
	for range n {
		for i := range s {
			s[i] += x * y
		}
		x, y = y, x+int32(n)
	}
	keep(s)
}

// keep makes the compiler compute v.
//
//go:noinline
func keep(any) {}
