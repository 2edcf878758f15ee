package gpukernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/kernels"
)

// random returns n random values, whose magnitudes are about 1.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// sameBits fails the test unless a and b are equal in every bit.
func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(want), got[i], want[i])
		}
	}
}

func TestRMSNorm(t *testing.T) { eachDevice(t, testRMSNorm) }

func testRMSNorm(t *testing.T, d *device) {
	k, r := load(d, F32), rand.New(rand.NewPCG(1, 1))
	for _, width := range []int{64, 576, 100, 5000} {
		const rows = 3
		x, base, own := random(r, rows*width), random(r, width), random(r, width)
		out := alloc[float32](d, rows*width)
		g := Gains{Base: alloc(d, 0, base...), Own: alloc(d, 0, uint64(0), uint64(alloc(d, 0, own...))), Adapters: alloc[int32](d, 0, -1, 1, 0)}
		must(t, k.RMSNorm(0, out, alloc(d, 0, x...), Rows{Most: rows}, width, 1e-5, g))
		want := make([]float32, rows*width)
		for i := range rows {
			gain := base
			if i == 1 {
				gain = own
			}
			kernels.RMSNorm(want[i*width:][:width], x[i*width:][:width], gain, 1e-5)
		}
		sameBits(t, "RMSNorm", fetch[float32](d, out, rows*width), want)
	}
}

func TestElements(t *testing.T) { eachDevice(t, testElements) }

func testElements(t *testing.T, d *device) {
	for _, precision := range []Precision{F32, Fast} {
		k, r := load(d, precision), rand.New(rand.NewPCG(9, 1))
		for _, width := range []int{1, 300, 576} {
			const rows = 4
			gate, up := random(r, rows*width), random(r, rows*width)
			for i := range gate {
				gate[i] *= 30
			}
			count := Rows{Most: rows, Count: alloc[int32](d, 0, 3)}
			n := 3 * width
			out := alloc[byte](d, rows*width*precision.InputBytes())
			must(t, k.SiLUMul(0, out, alloc(d, 0, gate...), alloc(d, 0, up...), count, width))
			want := make([]float32, n)
			kernels.SiLUMul(want, gate[:n], up[:n])
			sameBits(t, "SiLUMul", fetchInputs(d, precision, out, n), rounded(precision, want))

			x := alloc(d, 0, gate...)
			must(t, k.Add(0, x, alloc(d, 0, up...), count, width))
			copy(want, gate)
			kernels.Add(want, up[:n])
			sameBits(t, "Add", fetch[float32](d, x, n), want)

			gathered := alloc[float32](d, 2*width)
			must(t, k.Gather(0, gathered, x, alloc[int32](d, 0, 2, 0), Rows{Most: 2}, 4*width))
			sameBits(t, "Gather", fetch[float32](d, gathered, 2*width), append(append([]float32(nil), want[2*width:]...), want[:width]...))
		}
	}
}

// fetchInputs copies numbers of the input type from the device.
func fetchInputs(d *device, p Precision, at driverPtr, n int) []float32 {
	if p == F32 {
		return fetch[float32](d, at, n)
	}
	x := make([]float32, n)
	for i, h := range fetch[uint16](d, at, n) {
		x[i] = math.Float32frombits(uint32(h) << 16)
	}
	return x
}

// rounded rounds x to the input type.
func rounded(p Precision, x []float32) []float32 {
	if p == Fast {
		for i, v := range x {
			x[i] = roundTo(kernels.BF16, v)
		}
	}
	return x
}
