package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/internal/kinds"
)

// random returns n values of about unit size.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// guarded copies x between guard bands; check fails the test if one has been
// written to.
func guarded(t testing.TB, x []float32) (y []float32, check func()) {
	const band, mark = 32, float32(-12345.678)
	all := make([]float32, len(x)+2*band)
	for i := range all {
		all[i] = mark
	}
	y = all[band : band+len(x) : band+len(x)]
	copy(y, x)
	return y, func() {
		t.Helper()
		for i, v := range all {
			if (i < band || i >= band+len(x)) && v != mark {
				t.Fatalf("length %d: element %d was overwritten", len(x), i-band)
			}
		}
	}
}

// sameBits fails the test unless a and b are equal in every bit, NaNs apart.
func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			t.Fatalf("%s: element %d of %d is %v (%#x), want %v (%#x)", what, i, len(got),
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// near fails the test unless |got-want| ≤ tolerance·(1+|want|).
func near(t testing.TB, what string, got float32, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= tolerance*(1+math.Abs(want))) {
		t.Fatalf("%s: got %v, want %v (off by %.3g)", what, got, want, d)
	}
}

// roundTo rounds v to a format of floating point.
func roundTo(f Format, v float32) float32 {
	return rounded(map[Format]kinds.Rounding{BF16: kinds.ToBF16, F16: kinds.ToF16}[f], v)
}
