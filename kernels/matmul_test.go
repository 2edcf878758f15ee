package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowsOf is a matrix in memory.
type rowsOf struct {
	cols int
	v    []float32
}

func (m rowsOf) ReadRows(dst []float32, from int) error {
	copy(dst, m.v[from*m.cols:][:len(dst)])
	return nil
}

// codesOf is a matrix of int8 in memory.
type codesOf struct {
	cols   int
	codes  []int8
	scales []float32
}

func (m codesOf) Int8Rows(codes []int8, scales []float32, from int) error {
	copy(codes, m.codes[from*m.cols:][:len(codes)])
	copy(scales, m.scales[from*((m.cols+31)/32):][:len(scales)])
	return nil
}

// form is a way to pack a matrix. make returns it packed, and the weights that it
// then has.
type form struct {
	name string
	make func(t testing.TB, p *Pool, r *rand.Rand, rows, cols int) (w *Weights, values []float64)
}

var forms = []form{
	dense(F32), dense(BF16), dense(F16),
	{"int8", func(t testing.TB, p *Pool, r *rand.Rand, rows, cols int) (*Weights, []float64) {
		m := codesOf{cols, make([]int8, rows*cols), random(r, rows*((cols+31)/32))}
		values := make([]float64, rows*cols)
		for i := range m.codes {
			m.codes[i] = int8(r.IntN(256) - 128)
			m.scales[i/cols*((cols+31)/32)+i%cols/32] /= 32
		}
		for i := range values {
			values[i] = float64(m.codes[i]) * float64(m.scales[i/cols*((cols+31)/32)+i%cols/32])
		}
		w, err := PackInt8(p, rows, cols, m)
		require.NoError(t, err)
		return w, values
	}},
	four("nf4", NF4, F32, 64), four("nf4 in blocks of 128", NF4, F32, 128), four("fp4 in blocks of 32", FP4, F32, 32),
	four("fp4", FP4, F32, 64), four("nf4 in bf16", NF4, BF16, 64), four("fp4 in f16", FP4, F16, 64),
	u4("u4 in groups of 128", 128, F16, 0), u4("u4 in groups of 32", 32, F16, 0), u4("u4 in groups of 64, bf16", 64, BF16, 0),
	u4("u4 in one group, f32", -1, F32, 0), u4("u4 in groups of 96, symmetric", 96, F16, -8),
}

func dense(f Format) form {
	return form{f.String(), func(t testing.TB, p *Pool, r *rand.Rand, rows, cols int) (*Weights, []float64) {
		m := rowsOf{cols, random(r, rows*cols)}
		values := make([]float64, rows*cols)
		for i, v := range m.v {
			values[i] = float64(roundTo(f, v))
		}
		w, err := PackDense(p, f, rows, cols, m)
		require.NoError(t, err)
		return w, values
	}}
}

// naiveMatMul returns y = x Wᵀ in float64, and for each y the sum of the magnitudes
// of its terms.
func naiveMatMul(x []float32, values []float64, rows, cols int) (y, size []float64) {
	n := len(x) / cols
	y, size = make([]float64, n*rows), make([]float64, n*rows)
	for i := range y {
		for k := range cols {
			v := float64(x[i/rows*cols+k]) * values[i%rows*cols+k]
			y[i] += v
			size[i] += math.Abs(v)
		}
	}
	return y, size
}

// codesError bounds the error of Σ x·w where either is rounded to an 86th of
// its greatest value.
func codesError(x []float32, w []float64) float64 {
	xMax, wMax, xSum, wSum := 0., 0., 0., 0.
	for i, v := range x {
		a, b := math.Abs(float64(v)), math.Abs(w[i])
		xMax, wMax = max(xMax, a), max(wMax, b)
		xSum, wSum = xSum+a, wSum+b
	}
	return (xMax*wSum + wMax*xSum) / 170
}

// matMul multiplies into a guarded y.
func matMul(t testing.TB, p *Pool, w *Weights, x []float32, n int, fast bool) []float32 {
	t.Helper()
	y, check := guarded(t, make([]float32, n*w.Rows()))
	for i := range y {
		y[i] = float32(math.NaN())
	}
	in := Input{Fast: fast}
	guardedX, checkX := guarded(t, x)
	in.Reset(guardedX, n, w.Cols())
	w.MatMul(p, y, &in)
	check()
	checkX()
	return y
}

// Every variant's product is near the true one, and has the same bits for a row
// alone and among others, and as the Go kernels' product.
func TestMatMul(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	shapes := [][3]int{ // rows, K, n
		{1, 64, 1}, {16, 64, 2}, {17, 128, 3}, {32, 192, 4}, {33, 64, 5}, {48, 576, 6}, {70, 128, 7}, {64, 256, 8}, {65, 64, 9},
		{80, 64, 13}, {31, 64, 20}, {130, 128, 66},
		{5, 1, 2}, {16, 7, 1}, {20, 31, 3}, {18, 32, 1}, {40, 33, 6}, {16, 63, 7}, {16, 65, 1}, {50, 100, 5}, {34, 200, 14},
	}
	for _, f := range forms {
		for i, s := range shapes {
			rows, k, n := s[0], s[1], s[2]
			r := rand.New(rand.NewPCG(uint64(i), 5))
			w, values := f.make(t, p, r, rows, k)
			require.Equal(t, rows, w.Rows())
			require.Equal(t, k, w.Cols())
			x := random(r, n*k)
			want, size := naiveMatMul(x, values, rows, k)
			for _, fast := range []bool{false, true} {
				if fast && !w.integer() {
					continue
				}
				what := fmt.Sprintf("%s, %d × %d, n %d, fast %v", f.name, rows, k, n, fast)
				var scalar []float32
				asVariant(scalarVariant, func() { scalar = matMul(t, p, w, x, n, fast) })
				eachVariant(t, func(t *testing.T) {
					y := matMul(t, p, w, x, n, fast)
					sameBits(t, what+": against scalar", y, scalar)
					for c := range n {
						one := matMul(t, p, w, x[c*k:][:k], 1, fast)
						sameBits(t, what+": a row alone", one, y[c*rows:][:rows])
					}
				})
				for j, v := range scalar {
					// K roundings of s and one of y per block, each at most
					// half a unit of the sum of magnitudes.
					tolerance := float64(k+8) * 0x1p-24 * size[j]
					if fast {
						tolerance = codesError(x[j/rows*k:][:k], values[j%rows*k:][:k])
					}
					if d := math.Abs(float64(v) - want[j]); !(d <= tolerance+1e-30) {
						t.Fatalf("%s: value %d is %v, want %v within %v", what, j, v, want[j], tolerance)
					}
				}
			}
		}
	}
}

// Neither threads nor the neighbours of a row change a bit.
func TestMatMulThreads(t *testing.T) {
	one := NewPool(1)
	defer one.Close()
	const rows, k, n = 150, 192, 11
	for _, f := range forms {
		r := rand.New(rand.NewPCG(1, 2))
		w, _ := f.make(t, one, r, rows, k)
		x := random(r, n*k)
		for _, fast := range []bool{false, true} {
			want, wantOne := matMul(t, one, w, x, n, fast), matMul(t, one, w, x[:k], 1, fast)
			for threads := 2; threads <= 8; threads++ {
				p := NewPool(threads)
				for range 3 {
					sameBits(t, f.name, matMul(t, p, w, x, n, fast), want)
					sameBits(t, f.name, matMul(t, p, w, x[:k], 1, fast), wantOne)
				}
				p.Close()
			}
		}
	}
}

// One Input serves several matrices, and is used again.
func TestInputReuse(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(3, 4))
	in := Input{Fast: true}
	for _, s := range [][2]int{{100, 9}, {64, 1}, {256, 3}, {256, 1}, {64, 20}} {
		k, n := s[0], s[1]
		x := random(r, n*k)
		in.Reset(x, n, k)
		for _, f := range forms {
			w, _ := f.make(t, p, r, 40, k)
			y := make([]float32, n*40)
			w.MatMul(p, y, &in)
			sameBits(t, f.name, y, matMul(t, p, w, x, n, true))
		}
	}
}

// TestProductsTogether compares products made in one run with each alone.
func TestProductsTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	p := NewPool(3)
	defer p.Close()
	const cols = 192
	var weights []*Weights
	for i, f := range forms {
		w, _ := f.make(t, p, r, 20+37*i, cols)
		weights = append(weights, w)
	}
	for _, n := range []int{1, 2, 7, 40} {
		for _, fast := range []bool{false, true} {
			x := random(r, n*cols)
			var products []Product
			for _, w := range weights {
				products = append(products, Product{W: w, Y: make([]float32, n*w.Rows())})
			}
			in := Input{Fast: fast}
			in.Reset(x, n, cols)
			in.MatMul(p, products...)
			for i, w := range weights {
				sameBits(t, fmt.Sprintf("%s, %d rows, fast %v", forms[i].name, n, fast), products[i].Y, matMul(t, p, w, x, n, fast))
			}
		}
	}
}

func TestMatMulDoesNotAllocate(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(3, 4))
	for _, f := range forms {
		w, _ := f.make(t, p, r, 100, 128)
		for _, n := range []int{1, 6, 9} {
			x, y := random(r, n*128), make([]float32, n*100)
			in := Input{Fast: true}
			require.Zero(t, testing.AllocsPerRun(20, func() {
				in.Reset(x, n, 128)
				w.MatMul(p, y, &in)
			}), "%s, n %d", f.name, n)
		}
	}
}

// Outputs of a row that is not finite are not finite; those of other rows are.
func TestMatMulNotFinite(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(3, 4))
	const k, rows = 128, 20
	for _, f := range forms {
		w, _ := f.make(t, p, r, rows, k)
		x := random(r, 3*k)
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x[k+70] = float32(bad)
			eachVariant(t, func(t *testing.T) {
				for _, fast := range []bool{false, true} {
					y := matMul(t, p, w, x, 3, fast)
					for i, v := range y {
						if finite := v-v == 0; finite != (i/rows != 1) {
							t.Fatalf("%s, fast %v, %v: value %d is %v", f.name, fast, bad, i, v)
						}
					}
				}
			})
		}
	}
}
