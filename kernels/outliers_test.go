package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/kinds"
)

// withOutliers returns n rows of k numbers of about unit size, and a copy in which
// each row has some far greater ones: one in a channel that all rows share, others
// anywhere.
func withOutliers(r *rand.Rand, n, k, each int) (rest, x []float32) {
	rest = random(r, n*k)
	for i, v := range rest { // no outliers by themselves
		rest[i] = float32(math.Tanh(float64(v)))
	}
	x = slices.Clone(rest)
	shared := r.IntN(k)
	for row := range n {
		for i := range each {
			at := shared
			if i > 0 {
				at = r.IntN(k)
			}
			x[row*k+at] = float32(math.Copysign(20+80*r.Float64(), r.NormFloat64()))
			rest[row*k+at] = 0
		}
	}
	return rest, x
}

// A row's outliers leave the others their precision. The product of a row has the
// same bits alone, among other rows, and with every variant.
func TestOutliers(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	for _, f := range forms {
		for i, s := range [][3]int{{16, 192, 1}, {40, 256, 3}, {33, 576, 5}, {100, 320, 9}, {70, 256, 40}, {20, 200, 2}, {50, 230, 14}} {
			rows, k, n := s[0], s[1], s[2]
			r := rand.New(rand.NewPCG(uint64(i), 17))
			w, values := f.make(t, p, r, rows, k)
			if !w.integer() {
				continue
			}
			what := fmt.Sprintf("%s, %d × %d, n %d", f.name, rows, k, n)
			rest, x := withOutliers(r, n, k, 2)
			var scalar []float32
			asVariant(scalarVariant, func() { scalar = matMul(t, p, w, x, n, true) })
			eachVariant(t, func(t *testing.T) {
				y := matMul(t, p, w, x, n, true)
				sameBits(t, what+": against scalar", y, scalar)
				for c := range n {
					sameBits(t, what+": a row alone", matMul(t, p, w, x[c*k:][:k], 1, true), y[c*rows:][:rows])
				}
			})
			want, size := naiveMatMul(x, values, rows, k)
			for j, v := range scalar {
				row := values[j%rows*k:][:k]
				tolerance := codesError(rest[j/rows*k:][:k], row) + 0x1p-20*size[j]
				if w.kind != kinds.Bits4 && w.kind != kinds.Int8 { // its weights are not rounded in fast
					tolerance += size[j] / 128
				}
				if d := math.Abs(float64(v) - want[j]); !(d <= tolerance) {
					t.Fatalf("%s: value %d is %v, want %v within %v", what, j, v, want[j], tolerance)
				}
			}
		}
	}
}

// TestTakeOutliers checks which activations of a row are outliers.
func TestTakeOutliers(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	r := rand.New(rand.NewPCG(7, 8))
	w, _ := four("nf4", NF4, F32, 64).make(t, p, r, 16, 256)
	take := func(x []float32, n int) (found [][]outlier, o *outliers) {
		in := &Input{Fast: true}
		in.Reset(x, n, 256)
		w.MatMul(p, make([]float32, n*16), in)
		o = &in.codes.outliers
		for row, count := range o.count {
			found = append(found, o.found[row*o.most:][:count])
		}
		return found, o
	}
	_, x := withOutliers(r, 3, 256, 0)
	x[7], x[200], x[2*256+7] = 60, -50, -70
	found, o := take(x, 3)
	require.Equal(t, [][]outlier{{{7, 60}, {200, -50}}, {}, {{7, -70}}}, found)
	require.Equal(t, []outlierChannel{{7, 0, 2}, {200, 2, 3}}, o.channels)
	require.Equal(t, []uint32{0, 2, 0}, o.tokens)
	require.Equal(t, []float32{60, -70, -50}, o.x)
	require.Zero(t, slices.Max(o.counts))
	require.Zero(t, slices.Max(o.seen))

	for name, row := range map[string][]float32{
		"zeros": make([]float32, 256),
		"equal": slices.Repeat([]float32{3}, 256),
		"one":   append([]float32{1e30}, make([]float32, 255)...),
		"NaN":   append([]float32{1e30, float32(math.NaN())}, x[2:256]...),
	} {
		found, _ := take(row, 1)
		require.Empty(t, found[0], name)
	}

	many := slices.Clone(x[:256])
	for i := range 10 {
		many[i] = 100
	}
	found, o = take(many, 1)
	require.Len(t, found[0], o.most, "more than there is room for")
}
