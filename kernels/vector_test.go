package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// vectorVariants returns the kernels of the variants that this processor has,
// whatever their self-test says.
func vectorVariants() map[string]*vectorOps {
	all := map[string]*vectorOps{}
	for _, v := range variants() {
		if v.missing == "" {
			all[v.name] = v.vector
		}
	}
	return all
}

// lengths has the lengths of vectors that tests of variants try: every tail, and
// some more.
func lengths() []int {
	var n []int
	for i := range 140 {
		n = append(n, i)
	}
	return append(n, 255, 256, 257, 576, 1000, 2048)
}

// awkward mixes values of all sizes with zeros, infinities and NaNs.
func awkward(r *rand.Rand, n int) []float32 {
	x := random(r, n)
	for i := range x {
		switch r.IntN(12) {
		case 0:
			x[i] *= 100
		case 1:
			x[i] = 0
		case 2:
			x[i] = float32(math.Copysign(0, -1))
		case 3:
			x[i] *= 1e-39
		case 4:
			x[i] = math.Float32frombits(r.Uint32())
		}
	}
	return x
}

// TestVectorVariants compares every kernel over vectors of every variant with its
// twin, bit by bit, at every length. Kernels write nothing beyond.
func TestVectorVariants(t *testing.T) {
	for name, ops := range vectorVariants() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(29, 30))
			for _, n := range lengths() {
				for _, fill := range []func(*rand.Rand, int) []float32{random, awkward} {
					testElementwise(t, r, ops, n, fill)
					testReductions(t, r, ops, n, fill)
					testSelection(t, r, ops, n, fill)
				}
			}
		})
	}
}

func testElementwise(t *testing.T, r *rand.Rand, ops *vectorOps, n int, fill func(*rand.Rand, int) []float32) {
	x, y, z, w := fill(r, n), fill(r, n), fill(r, n), fill(r, n)
	greatest, _ := scanGo(x)
	// Each case runs on guarded copies of x and y, and may change them.
	for what, f := range map[string]func(o *vectorOps, x, y []float32){
		"scaleWeight":          func(o *vectorOps, x, y []float32) { o.scaleWeight(x, y, z, 0.37) },
		"scaleWeight in place": func(o *vectorOps, x, y []float32) { o.scaleWeight(x, x, y, 0.37) },
		"add":                  func(o *vectorOps, x, y []float32) { o.add(x, y) },
		"mul":                  func(o *vectorOps, x, y []float32) { o.mul(x, y) },
		"addScaled":            func(o *vectorOps, x, y []float32) { o.addScaled(x, y, 1.7) },
		"divide":               func(o *vectorOps, x, y []float32) { o.divide(x, y, 1.7) },
		"rotate":               func(o *vectorOps, x, y []float32) { o.rotate(x, y, z, w) },
		"siluMul":              func(o *vectorOps, x, y []float32) { o.siluMul(x, y, z) },
		"siluMul in place":     func(o *vectorOps, x, y []float32) { o.siluMul(x, x, y) },
		"exponentials":         func(o *vectorOps, x, _ []float32) { o.expSum(x, greatest) },
		"shifted exponentials": func(o *vectorOps, x, _ []float32) { o.expSum(x, greatest+0.77) },
		"scaled":               func(o *vectorOps, x, _ []float32) { o.scaleMax(x, 0.125) },
	} {
		gx, check := guarded(t, x)
		gy, checkY := guarded(t, y)
		f(ops, gx, gy)
		check()
		checkY()
		wx, wy := append([]float32(nil), x...), append([]float32(nil), y...)
		f(&vectorScalar, wx, wy)
		sameBits(t, what, gx, wx)
		sameBits(t, what, gy, wy)
	}
	half, want := make([]uint16, n+1), make([]uint16, n+1)
	half[n], want[n] = 0xabcd, 0xabcd
	ops.toHalf(half[:n], x)
	toHalfGo(want[:n], x)
	for i := range half {
		if half[i] != want[i] && x[i] == x[i] {
			t.Fatalf("float16 of %v: %#x, want %#x", x[i], half[i], want[i])
		}
	}
}

func testReductions(t *testing.T, r *rand.Rand, ops *vectorOps, n int, fill func(*rand.Rand, int) []float32) {
	x := fill(r, n)
	one := func(what string, got, want float32) {
		t.Helper()
		sameBits(t, fmt.Sprintf("%s of %d", what, n), []float32{got}, []float32{want})
	}
	gx, check := guarded(t, x)
	one("sumSquares", ops.sumSquares(gx), sumSquaresGo(x))
	greatest, finite := ops.scan(gx)
	wantGreatest, wantFinite := scanGo(x)
	if finite != wantFinite {
		t.Fatalf("%v: finite %v", x, finite)
	}
	if finite {
		one("scan", greatest+0, wantGreatest+0)
	}
	one("sumExp", ops.sumExp(gx, wantGreatest), sumExpGo(x, wantGreatest))
	one("expSum", ops.expSum(gx, wantGreatest), expSumGo(append([]float32(nil), x...), wantGreatest))
	copy(gx, x)
	// Of equal zeros either sign may be the greatest: adding 0 drops it.
	one("scaleMax", ops.scaleMax(gx, 0.3)+0, scaleMaxGo(append([]float32(nil), x...), 0.3)+0)
	check()
}

func testSelection(t *testing.T, r *rand.Rand, ops *vectorOps, n int, fill func(*rand.Rand, int) []float32) {
	x := fill(r, n)
	for i := range x {
		if r.IntN(4) == 0 {
			x[i] = float32(r.IntN(3)) // ties
		}
		if x[i] != x[i] {
			x[i] = 0
		}
	}
	gx, check := guarded(t, x)
	bitmap := func(share float64) []uint64 {
		b := make([]uint64, (n+63)/64)
		for i := range n {
			if r.Float64() < share {
				b[i/64] |= 1 << (i % 64)
			}
		}
		return b
	}
	for _, allowed := range [][]uint64{nil, bitmap(1), bitmap(0.5), bitmap(0.02), bitmap(0), bitmap(0.5)[:(n+63)/64/2]} {
		m, want := ops.maxAllowed(gx, allowed), maxAllowedGo(x, allowed)
		if m != want {
			t.Fatalf("greatest of %d: %v, want %v", n, m, want)
		}
		values := []float32{m, 0, 1, 2, 17}
		if n > 0 {
			values = append(values, x[n-1], x[n/2])
		}
		for _, v := range values {
			if got, want := ops.firstEqual(gx, allowed, v), firstEqualGo(x, allowed, v); got != want {
				t.Fatalf("first of %d equal to %v: %d, want %d", n, v, got, want)
			}
		}
	}
	check()
}

// TestAttentionVariants compares every tile shape of every variant with its twin.
func TestAttentionVariants(t *testing.T) {
	for name, ops := range vectorVariants() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(31, 32))
			for rows := 1; rows <= rowTile; rows++ {
				for _, dim := range []int{1, 2, 5, 31, 48, 64} {
					q, k := random(r, rows*dim), random(r, dim*PageSize)
					k16 := make([]uint16, len(k))
					toHalfGo(k16, k)
					for positions := 16; positions <= PageSize; positions += 16 {
						stride := positions + r.IntN(20)
						dst := random(r, (rows-1)*stride+positions)
						got, check := guarded(t, dst)
						what := fmt.Sprintf("scores of %d rows, dim %d, %d positions", rows, dim, positions)
						a := &scoresArgs[float32]{dst: got, dstStride: stride, q: q, k: k, next: k, dim: dim, rows: rows, positions: positions}
						ops.scores32(a)
						a.dst = dst
						scores32Go(a)
						sameBits(t, what, got, dst)
						b := &scoresArgs[uint16]{dst: got, dstStride: stride, q: q, k: k16, next: k16, dim: dim, rows: rows, positions: positions}
						ops.scores16(b)
						b.dst = dst
						scores16Go(b)
						sameBits(t, what, got, dst)
						check()
					}
				}
				for _, n := range []int{1, 2, 31, 64} {
					for stride := 16; stride <= 144; stride += 16 {
						weightStride := n + r.IntN(30)
						weights, v := random(r, (rows-1)*weightStride+n), random(r, n*stride)
						v16 := make([]uint16, len(v))
						toHalfGo(v16, v)
						dst := random(r, rows*stride)
						got, check := guarded(t, dst)
						what := fmt.Sprintf("values of %d rows, stride %d, %d positions", rows, stride, n)
						a := &weighArgs[float32]{dst: got, weights: weights, weightStride: weightStride, v: v, next: v, vStride: stride, rows: rows, positions: n}
						ops.weigh32(a)
						a.dst = dst
						weigh32Go(a)
						sameBits(t, what, got, dst)
						b := &weighArgs[uint16]{dst: got, weights: weights, weightStride: weightStride, v: v16, next: v16, vStride: stride, rows: rows, positions: n}
						ops.weigh16(b)
						b.dst = dst
						weigh16Go(b)
						sameBits(t, what, got, dst)
						check()
					}
				}
			}
		})
	}
}

func TestTransposeVariants(t *testing.T) {
	for name, ops := range vectorVariants() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(37, 38))
			for rows := 1; rows <= transposeRows; rows++ {
				for _, columns := range []int{0, 1, 3, 4, 7, 16, 30} {
					xStride, dstStride := columns+r.IntN(5), rows+r.IntN(5)
					x, checkX := guarded(t, random(r, rows*max(xStride, 1)))
					dst := random(r, max(columns-1, 0)*dstStride+rows)
					got, check := guarded(t, dst)
					ops.transpose(got, dstStride, x, xStride, rows, columns)
					transposeGo(dst, dstStride, x, xStride, rows, columns)
					sameBits(t, fmt.Sprintf("%d rows, %d columns", rows, columns), got, dst)
					check()
					checkX()
				}
			}
		})
	}
}

func BenchmarkVector(b *testing.B) {
	r := rand.New(rand.NewPCG(33, 34))
	const n = 2048
	x, y, z, w := random(r, n), random(r, n), random(r, n), random(r, n)
	words := make([]uint64, n/64)
	for i := range words {
		words[i] = r.Uint64()
	}
	for name, ops := range vectorVariants() {
		for _, c := range []struct {
			what  string
			bytes int64
			f     func()
		}{
			{"sumSquares", 4 * n, func() { ops.sumSquares(x) }},
			{"scaleWeight", 12 * n, func() { ops.scaleWeight(z, x, y, 0.37) }},
			{"add", 12 * n, func() { ops.add(w, x) }},
			{"rotate", 24 * n, func() { ops.rotate(z, w, x, y) }},
			{"siluMul", 12 * n, func() { ops.siluMul(z, x, y) }},
			{"sumExp", 4 * n, func() { ops.sumExp(x, 5) }},
			{"scan", 4 * n, func() { ops.scan(x) }},
			{"maxAllowed", 4 * n, func() { ops.maxAllowed(x, words) }},
			{"firstEqual", 4 * n, func() { ops.firstEqual(x, words, 99) }},
		} {
			b.Run(name+"/"+c.what, func(b *testing.B) {
				b.SetBytes(c.bytes)
				for b.Loop() {
					c.f()
				}
			})
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(35, 36))
	for _, c := range []struct {
		name                string
		heads, kv, dim, ctx int
		queries             int
		half                bool
	}{
		{"SmolLM2-135M decode", 9, 3, 64, 512, 1, false},
		{"SmolLM2-135M article", 9, 3, 64, 404, 319, false},
		{"Llama-3.2-1B decode", 32, 8, 64, 512, 1, false},
		{"Llama-3.2-1B prefill", 32, 8, 64, 512, 512, false},
		{"Llama-3.2-1B prefill f16", 32, 8, 64, 512, 512, true},
		{"SmolLM2-135M long prefill", 9, 3, 64, 8192, 512, false},
		{"Llama-3.2-1B long prefill", 32, 8, 64, 8192, 128, false},
		{"Llama-3.2-1B long prefill f16", 32, 8, 64, 8192, 128, true},
		{"Llama-3.2-1B long decode", 32, 8, 64, 8192, 1, false},
		{"Llama-3.2-3B prefill", 24, 8, 128, 512, 512, false},
		{"Llama-2-7B prefill", 32, 32, 128, 512, 512, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			shape := CacheShape{Heads: c.kv, HeadDim: c.dim, Half: c.half}
			s := newSequence(r, shape, c.heads, c.ctx)
			pages := s.cached(r, c.ctx)
			width := c.heads * c.dim
			from := c.ctx - c.queries
			a, p := NewAttention(shape, c.heads), NewPool(1)
			defer p.Close()
			spans := []AttentionSpan{{Pages: pages, Pos: from, Q: s.q[from*width:], Out: make([]float32, c.queries*width)}}
			flops := 0
			for p := from; p < c.ctx; p++ {
				flops += 4 * (p + 1) * width
			}
			for b.Loop() {
				a.Run(p, spans)
			}
			b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
