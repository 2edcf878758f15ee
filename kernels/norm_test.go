package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestRMSNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{1, 3, 16, 31, 576, 2048, 4097} {
		x, w := random(r, n), random(r, n)
		dst := make([]float32, n)
		RMSNorm(dst, x, w, 1e-5)
		sum := 0.0
		for _, v := range x {
			sum += float64(v) * float64(v)
		}
		scale := 1 / math.Sqrt(sum/float64(n)+1e-5)
		for i := range x {
			near(t, fmt.Sprint("length ", n), dst[i], float64(x[i])*scale*float64(w[i]), 1e-6)
		}
		RMSNorm(x, x, w, 1e-5)
		sameBits(t, "in place", x, dst)
	}
	zero := make([]float32, 8)
	RMSNorm(zero, zero, []float32{1, 1, 1, 1, 1, 1, 1, 1}, 1e-6)
	sameBits(t, "zeros", zero, make([]float32, 8))
}

// TestSumSquaresOrder pins the order of sums: 16 partial sums, then halves.
func TestSumSquaresOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	x := random(r, 16*5)
	var s [16]float32
	for i, v := range x {
		s[i%16] = fma32(v, v, s[i%16])
	}
	var a [8]float32
	for i := range a {
		a[i] = s[i] + s[i+8]
	}
	want := ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
	if got := sumSquaresGo(x); got != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for n := range 40 {
		x, y := random(r, n), random(r, n)
		a, b, c := append([]float32(nil), y...), append([]float32(nil), y...), append([]float32(nil), y...)
		Add(a, x)
		vec().mul(b, x)
		vec().addScaled(c, x, 0.3)
		for i := range x {
			if a[i] != y[i]+x[i] || b[i] != y[i]*x[i] || c[i] != y[i]+float32(x[i]*0.3) {
				t.Fatalf("length %d, element %d: %v %v %v", n, i, a[i], b[i], c[i])
			}
		}
	}
}

func TestLengthsMustFit(t *testing.T) {
	x, y := make([]float32, 3), make([]float32, 4)
	for name, f := range map[string]func(){
		"Add":     func() { Add(x, y) },
		"SiLUMul": func() { SiLUMul(x, x, y) }, "RMSNorm": func() { RMSNorm(x, y, x, 1e-5) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s took lengths 3 and 4", name)
				}
			}()
			f()
		}()
	}
}
