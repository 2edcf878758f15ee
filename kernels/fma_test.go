package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// naiveFMA computes a·b + c exactly and rounds once.
func naiveFMA(a, b, c float32) float32 {
	x := func(v float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(v)) }
	s := new(big.Float).SetPrec(600)
	s.Mul(x(a), x(b)).Add(s, x(c))
	f, _ := s.Float32()
	if f == 0 && s.Sign() == 0 { // big.Float's zero signs follow IEEE already
		f, _ = s.Float32()
	}
	return f
}

func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(a, b, c float32) {
		got, want := fma32(a, b, c), naiveFMA(a, b, c)
		if math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
	for range 100000 {
		a, b, c := float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())
		check(a, b, c)
		// A sum near a midpoint: c is the product's neighbour, or its opposite
		// and some ulps.
		p := a * b
		check(a, b, math.Float32frombits(math.Float32bits(-p)+uint32(r.IntN(5))-2))
		// Few bits, so that the exact sum is often on a midpoint.
		few := func() float32 { return float32(int32(r.Uint32())>>19) * float32(math.Ldexp(1, r.IntN(40)-20)) }
		check(few(), few(), few())
		check(1+float32(math.Ldexp(1, -12)), 1+float32(math.Ldexp(1, -12)), float32(math.Ldexp(1, -r.IntN(80)))*float32(1-2*r.IntN(2)))
		// Subnormal results and underflow.
		check(a*0x1p-70, b*0x1p-70, c*0x1p-135)
		check(a*0x1p-75, b*0x1p-74, 0)
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	big := float32(math.MaxFloat32)
	for _, v := range [][4]float32{{inf, 1, 1, inf}, {1, 1, -inf, -inf}, {big, 2, 0, inf}, {big, 1, big, inf}, {0, 0, 0, 0}, {big, 1, 0x1p103, inf}, {big, 1, 0x1p102, big}} {
		if got := fma32(v[0], v[1], v[2]); got != v[3] {
			t.Fatalf("fma(%v, %v, %v) = %v, want %v", v[0], v[1], v[2], got, v[3])
		}
	}
	for _, v := range [][3]float32{{inf, 0, 1}, {inf, 1, -inf}, {nan, 1, 1}, {1, 1, nan}} {
		if got := fma32(v[0], v[1], v[2]); got == got {
			t.Fatalf("fma(%v, %v, %v) = %v, want NaN", v[0], v[1], v[2], got)
		}
	}
}
