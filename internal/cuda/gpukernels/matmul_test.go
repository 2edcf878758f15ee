package gpukernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
)

type driverPtr = driver.Ptr

// inputs copies x to the device in the input type of a precision, and rounds x itself
// to that type.
func inputs(d *device, p Precision, x []float32) driver.Ptr {
	if p == F32 {
		return alloc(d, 0, x...)
	}
	half := make([]uint16, len(x))
	for i, v := range x {
		half[i] = bf16Bits(v)
		x[i] = math.Float32frombits(uint32(half[i]) << 16)
	}
	return alloc(d, 0, half...)
}

// oracle returns x Wᵀ in float64, and for each element the sum of magnitudes of its
// terms.
func oracle(w, x []float32, n, outputs, cols int, round bool) (y, size []float64) {
	for row := range n {
		for out := range outputs {
			s, a := 0.0, 0.0
			for i := range cols {
				v := w[out*cols+i]
				if round {
					v = roundTo(kernels.BF16, v)
				}
				p := float64(v) * float64(x[row*cols+i])
				s, a = s+p, a+math.Abs(p)
			}
			y, size = append(y, s), append(size, a)
		}
	}
	return y, size
}

// tolerance returns how far a product may be from the oracle, as a part of the sum of
// the magnitudes of its terms. In fast, 4-bit and int8 weights are rounded to bf16
// before they are scaled, and the oracle rounds them after.
func tolerance(p Precision, f form) float64 {
	if p == Fast && f.format >= kernels.Int8 {
		return 0x1p-7
	}
	return 1e-6
}

var products = [][3]int{ // rows of x, outputs, K
	{1, 64, 64}, {1, 192, 576}, {3, 40, 576}, {9, 33, 192}, {1, 24, 1536}, {2, 17, 136}, {5, 8, 24}, {1, 1, 8}, {19, 130, 128}, {70, 72, 320},
}

func TestMatMul(t *testing.T) { eachDevice(t, testMatMul) }

func testMatMul(t *testing.T, d *device) {
	pool := kernels.NewPool(1)
	defer pool.Close()
	for _, precision := range []Precision{F32, Fast} {
		k, r := load(d, precision), rand.New(rand.NewPCG(3, 1))
		for _, f := range forms {
			for _, shape := range products {
				n, outputs, cols := shape[0], shape[1], shape[2]
				if (f.format == kernels.NF4 || f.format == kernels.FP4) && cols%64 != 0 {
					continue // dense
				}
				what := fmt.Sprintf("%s %s %v", precision, f, shape)
				m := newMatrix(t, r, f, outputs, cols)
				w := upload(d, m.Packer)
				x := random(r, n*cols)
				in := inputs(d, precision, x)
				y := alloc[float32](d, n*outputs)
				must(t, k.MatMul(0, in, Rows{Most: n}, Under{}, Product{W: w, Y: y}))
				got := fetch[float32](d, y, n*outputs)
				if precision == F32 {
					want := make([]float32, n*outputs)
					var input kernels.Input
					input.Reset(x, n, cols)
					m.cpu.MatMul(pool, want, &input)
					sameBits(t, what, got, want)
				}
				want, size := oracle(m.dense, x, n, outputs, cols, precision == Fast)
				for i := range want {
					if d := math.Abs(float64(got[i]) - want[i]); !(d <= tolerance(precision, f)*size[i]) {
						t.Fatalf("%s: element %d is %v, want %v, off by %.2g of its terms", what, i, got[i], want[i], d/size[i])
					}
				}
			}
		}
	}
}

// TestMatMulRows checks that the bits of a row do not depend on the rows beside it.
func TestMatMulRows(t *testing.T) { eachDevice(t, testMatMulRows) }

func testMatMulRows(t *testing.T, d *device) {
	for _, precision := range []Precision{F32, Fast} {
		k, r := load(d, precision), rand.New(rand.NewPCG(4, 1))
		for _, f := range forms {
			const outputs, cols, most = 80, 192, 67
			w := upload(d, newMatrix(t, r, f, outputs, cols).Packer)
			x := random(r, most*cols)
			in, size := inputs(d, precision, x), precision.InputBytes()
			y := alloc[float32](d, most*outputs)
			must(t, k.MatMul(0, in, Rows{Most: most}, Under{}, Product{W: w, Y: y}))
			all := fetch[float32](d, y, most*outputs)
			for _, n := range []int{1, 2, 5, 8, 9, 17, 33} {
				from := r.IntN(most - n)
				d.seed++
				y := alloc[float32](d, n*outputs)
				must(t, k.MatMul(0, in+driver.Ptr(from*cols*size), Rows{Most: n}, Under{}, Product{W: w, Y: y}))
				sameBits(t, fmt.Sprint(precision, f, n), fetch[float32](d, y, n*outputs), all[from*outputs:][:n*outputs])
			}
		}
	}
}

// TestMatMulTogether tests several matrices in a launch, with bias and residual, a
// count in device memory, and rows of one adapter.
func TestMatMulTogether(t *testing.T) { eachDevice(t, testMatMulTogether) }

func testMatMulTogether(t *testing.T, d *device) {
	for _, precision := range []Precision{F32, Fast} {
		for _, n := range []int{4, 20} {
			k, r := load(d, precision), rand.New(rand.NewPCG(5, 1))
			const cols = 128
			x := random(r, n*cols)
			in := inputs(d, precision, x)
			var together []Product
			var want [][]float32
			for i, outputs := range []int{96, 32, 24, 40} {
				f := forms[4]
				if i == 2 {
					f = forms[1] // cannot share the launch
				}
				w := upload(d, newMatrix(t, r, f, outputs, cols).Packer)
				alone := Product{W: w, Y: alloc[float32](d, n*outputs)}
				must(t, k.MatMul(0, in, Rows{Most: n}, Under{}, alone))
				y := fetch[float32](d, alone.Y, n*outputs)
				bias, residual := random(r, outputs), random(r, n*outputs)
				p := Product{W: w, Y: alloc[float32](d, n*outputs), Bias: alloc(d, 0, bias...)}
				if i%2 == 0 {
					p.Y = alloc(d, 0, residual...)
					p.Residual = p.Y
				}
				for j := range y {
					y[j] += bias[j%outputs]
					if i%2 == 0 {
						y[j] = residual[j] + y[j]
					}
				}
				together, want = append(together, p), append(want, y)
			}
			must(t, k.MatMul(0, in, Rows{Most: n}, Under{}, together...))
			for i, p := range together {
				sameBits(t, fmt.Sprint(precision, " map ", i), fetch[float32](d, p.Y, len(want[i])), want[i])
			}

			adapters := make([]int32, n)
			for i := range adapters {
				adapters[i] = int32(i%2) - 1
			}
			p := Product{W: together[1].W, Y: alloc[float32](d, n*32), Bias: together[1].Bias}
			under := Under{Adapters: alloc(d, 0, adapters...), Adapter: 0}
			must(t, k.MatMul(0, in, Rows{Most: n, Count: alloc[int32](d, 0, int32(n-1))}, under, p))
			got := fetch[float32](d, p.Y, n*32)
			for i := range n {
				if i%2 == 1 && i < n-1 {
					sameBits(t, "own row", got[i*32:][:32], want[1][i*32:][:32])
				} else if !math.IsNaN(float64(got[i*32])) {
					t.Fatalf("%s: row %d was written", precision, i)
				}
			}
		}
	}
}

func TestLowRank(t *testing.T) { eachDevice(t, testLowRank) }

func testLowRank(t *testing.T, d *device) {
	pool := kernels.NewPool(1)
	defer pool.Close()
	for _, precision := range []Precision{F32, Fast} {
		k, r := load(d, precision), rand.New(rand.NewPCG(6, 1))
		for _, f := range forms[:3] {
			const n, cols, outputs, mostRank = 5, 200, 150, 72
			type low struct {
				a, b *matrix
				LowRank
				rowScale, bias []float32
			}
			var lows []low
			table := make([]byte, 3*LowRankBytes)
			for i, rank := range []int{8, 0, mostRank} {
				l := low{bias: random(r, outputs)}
				if rank > 0 {
					l.a, l.b = newMatrix(t, r, f, rank, cols), newMatrix(t, r, f, outputs, rank)
					l.LowRank = LowRank{Down: upload(d, l.a.Packer), Up: upload(d, l.b.Packer), Scale: 0.3}
				}
				if i == 2 {
					l.rowScale = random(r, outputs)
					l.RowScale, l.Bias = alloc(d, 0, l.rowScale...), alloc(d, 0, l.bias...)
				}
				must(t, l.Put(table[i*LowRankBytes:]))
				lows = append(lows, l)
			}
			x, bias, residual, y := random(r, n*cols), random(r, outputs), random(r, n*outputs), random(r, n*outputs)
			in := inputs(d, precision, x)
			which := []int32{2, -1, 0, 1, 0}
			adapters, tables := alloc(d, 0, which...), alloc(d, 0, table...)
			hidden, count := alloc[float32](d, 2*n*mostRank), Rows{Most: n}
			must(t, k.LowRankDown(0, hidden, in, adapters, count, cols, mostRank, 0, tables))
			out := alloc(d, 0, residual...)
			p := Product{Y: alloc(d, 0, y...), Bias: alloc(d, 0, bias...), Residual: out}
			must(t, k.LowRankUp(0, out, LowRankHidden(hidden, count, mostRank, 1), tables, adapters, count, outputs, mostRank, p))
			got := fetch[float32](d, out, n*outputs)
			for i, a := range which {
				row, b := y[i*outputs:][:outputs], bias
				if a >= 0 && lows[a].a != nil {
					var input kernels.Input
					input.Reset(x[i*cols:][:cols], 1, cols)
					low := kernels.LowRank{Down: lows[a].a.cpu, Up: lows[a].b.cpu, Scale: lows[a].Scale, RowScale: lows[a].rowScale}
					input.MatMul(pool, kernels.Product{Y: row, LowRank: &low})
					if lows[a].RowScale != 0 {
						b = lows[a].bias
					}
				}
				kernels.Add(row, b)
				want := append([]float32(nil), residual[i*outputs:][:outputs]...)
				kernels.Add(want, row)
				sameBits(t, fmt.Sprint(precision, f, " row ", i), got[i*outputs:], want)
			}
		}
	}
}
