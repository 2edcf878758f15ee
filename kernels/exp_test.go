package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// ulps is the distance of two float32s in units of the last place of want.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	unit := float64(math.Nextafter32(float32(math.Abs(float64(w))), math.MaxFloat32)) - math.Abs(float64(w))
	return math.Abs(float64(got)-want) / unit
}

func TestExpAccuracy(t *testing.T) {
	worst, at := 0.0, float32(0)
	stride := uint32(307)
	for u := uint32(0); u < 0x42b20000; u += stride { // 0 … 89
		for _, x := range []float32{math.Float32frombits(u), -math.Float32frombits(u)} {
			got, want := exp32(x), math.Exp(float64(x))
			if want > math.MaxFloat32 || want < 0x1p-126 {
				if got != float32(math.Inf(1)) && got != 0 {
					t.Fatalf("exp(%v) = %v, want 0 or +Inf", x, got)
				}
				continue
			}
			if d := ulps(got, want); d > worst {
				worst, at = d, x
			}
		}
	}
	t.Logf("worst error %.3f ulp at %v", worst, at)
	if worst > 1 {
		t.Fatalf("exp(%v) is off by %.3f ulp", at, worst)
	}
}

func TestExpEdges(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range [][2]float32{
		{0, 1}, {float32(math.Copysign(0, -1)), 1}, {inf, inf}, {-inf, 0}, {-88, 0}, {89, inf},
		{expMax, exp32(expMax)}, {math.Nextafter32(expMax, 100), inf}, {math.Nextafter32(expMin, -100), 0},
		{1e30, inf}, {-1e30, 0}, {1e-40, 1},
	} {
		if got := exp32(c[0]); got != c[1] {
			t.Errorf("exp(%v) = %v, want %v", c[0], got, c[1])
		}
	}
	for x := expMin; x < expMin+0.001; x = math.Nextafter32(x, 0) {
		if got := exp32(x); got < 0x1p-126 {
			t.Fatalf("exp(%v) = %v, below the normal range", x, got)
		}
	}
	if got := exp32(float32(math.NaN())); got == got {
		t.Errorf("exp(NaN) = %v", got)
	}
	if v := exp32(expMax); v < 3.4e38 || v > math.MaxFloat32 {
		t.Errorf("exp(%v) = %v", expMax, v)
	}
}

func TestLog64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100000 {
		x := math.Exp(r.Float64()*200 - 100)
		if got, want := log64(x), math.Log(x); math.Abs(got-want) > 4e-16*(1+math.Abs(want)) {
			t.Fatalf("log(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestSoftmaxPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, 15, 16, 17, 33, 100, 1000} {
		x := random(r, n)
		for i := range x {
			x[i] *= 8
		}
		y := append([]float32(nil), x...)
		const scale = 0.25
		m := scaleMaxGo(y, scale)
		sum := sumExpGo(y, m)
		if got := expSumGo(y, m); got != sum {
			t.Fatalf("length %d: sums %v and %v", n, got, sum)
		}
		greatest, total := math.Inf(-1), 0.0
		for _, v := range x {
			greatest = math.Max(greatest, float64(v)*scale)
		}
		for _, v := range x {
			total += math.Exp(float64(v)*scale - greatest)
		}
		near(t, "max", m, greatest, 1e-7)
		near(t, "sum", sum, total, 1e-6)
		for i, v := range y {
			near(t, fmt.Sprint("exp ", i), v, math.Exp(float64(x[i])*scale-greatest), 1e-6)
		}
	}
}

func TestLogSumExp(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 5, 1023, 1024, 1025, 50000} {
		x := random(r, n)
		m, _ := scanGo(x)
		want := 0.0
		for _, v := range x {
			want += math.Exp(float64(v))
		}
		want = math.Log(want)
		if got := LogSumExp(x, m); math.Abs(got-want) > 1e-6 {
			t.Fatalf("length %d: %v, want %v", n, got, want)
		}
	}
}

func TestSiLUMul(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	gate, up := random(r, 1000), random(r, 1000)
	gate[0], gate[1], gate[2] = 100, -100, 0
	for i := 3; i < 1000; i++ {
		gate[i] *= 10
	}
	dst := make([]float32, 1000)
	SiLUMul(dst, gate, up)
	for i, g := range gate {
		near(t, fmt.Sprint("silu ", g), dst[i], float64(g)/(1+math.Exp(-float64(g)))*float64(up[i]), 5e-7)
	}
}
