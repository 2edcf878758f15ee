package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/x448/float16"
)

// sequence holds the queries, keys and values of one sequence.
type sequence struct {
	shape   CacheShape
	heads   int
	n       int
	q, k, v []float32
}

func newSequence(r *rand.Rand, shape CacheShape, heads, n int) *sequence {
	width := shape.Heads * shape.HeadDim
	s := &sequence{shape, heads, n, random(r, n*heads*shape.HeadDim), random(r, n*width), random(r, n*width)}
	for i := range s.q {
		s.q[i] *= 2
	}
	return s
}

// cached returns pages with the first n positions written, in pieces of random size.
func (s *sequence) cached(r *rand.Rand, n int) []Page {
	var pages []Page
	for range (n + PageSize - 1) / PageSize {
		pages = append(pages, s.shape.NewPage())
	}
	width := s.shape.Heads * s.shape.HeadDim
	for pos := 0; pos < n; {
		m := min(n-pos, 1+r.IntN(100))
		s.shape.Write(pages, pos, m, s.k[pos*width:(pos+m)*width], s.v[pos*width:(pos+m)*width])
		pos += m
	}
	return pages
}

// naiveAttention is the oracle, in float64, of one query position that sees window
// positions, 0 meaning all.
func (s *sequence) naiveAttention(pos, window int) []float64 {
	dim, group, width := s.shape.HeadDim, s.heads/s.shape.Heads, s.shape.Heads*s.shape.HeadDim
	out := make([]float64, s.heads*dim)
	held := func(x float32) float64 {
		if s.shape.Half {
			return float64(float16.Fromfloat32(x).Float32())
		}
		return float64(x)
	}
	for h := range s.heads {
		q := s.q[pos*s.heads*dim+h*dim:][:dim]
		weights, sum := make([]float64, pos+1), 0.0
		for t := range weights {
			if window > 0 && t <= pos-window {
				continue
			}
			for d, x := range q {
				weights[t] += float64(x) * held(s.k[t*width+h/group*dim+d])
			}
			weights[t] = math.Exp(weights[t] / math.Sqrt(float64(dim)))
			sum += weights[t]
		}
		for t, e := range weights {
			for d := range dim {
				out[h*dim+d] += e / sum * held(s.v[t*width+h/group*dim+d])
			}
		}
	}
	return out
}

func TestAttention(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	p := NewPool(1)
	defer p.Close()
	for _, dim := range []int{2, 10, 16, 32, 48, 64, 80, 96, 128} {
		for _, half := range []bool{false, true} {
			for _, heads := range [][2]int{{1, 1}, {2, 2}, {4, 2}, {3, 1}, {8, 2}, {9, 3}, {5, 1}, {7, 1}, {9, 1}} {
				shape := CacheShape{Heads: heads[1], HeadDim: dim, Half: half}
				n := 1 + r.IntN(min(200, 16000/(dim*heads[0])))
				s := newSequence(r, shape, heads[0], n)
				name := fmt.Sprintf("%d:%d heads of %d, half %v, %d positions", heads[0], heads[1], dim, half, n)
				out := make([]float32, len(s.q))
				NewAttention(shape, heads[0]).Run(p, []AttentionSpan{{Pages: s.cached(r, n), Q: s.q, Out: out}})
				for _, pos := range []int{0, n / 2, n - 1} {
					for i, want := range s.naiveAttention(pos, 0) {
						near(t, fmt.Sprint(name, ", position ", pos), out[pos*heads[0]*dim+i], want, 3e-6)
					}
				}
			}
		}
	}
}

// TestAttentionBatches compares a sequence computed as a whole, one position at a
// time, in random chunks, among several sequences, and with any cut of the work: all
// give the same bits. What lies in the pages past a query, even NaN, changes
// nothing.
func TestAttentionBatches(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	nan := float32(math.NaN())
	pools := []*Pool{NewPool(1), NewPool(2), NewPool(3), NewPool(7)}
	defer func() {
		for _, p := range pools {
			p.Close()
		}
	}()
	for _, half := range []bool{false, true} {
		for _, heads := range [][2]int{{2, 2}, {6, 2}, {4, 1}, {9, 1}} {
			shape := CacheShape{Heads: heads[1], HeadDim: 24, Half: half}
			width, kv := heads[0]*24, heads[1]*24
			var want [][]float32
			var all []*sequence
			a := NewAttention(shape, heads[0])
			for _, n := range []int{1, 64, 65, 131} {
				s := newSequence(r, shape, heads[0], n)
				out := make([]float32, len(s.q))
				a.Run(pools[0], []AttentionSpan{{Pages: s.cached(r, n), Q: s.q, Out: out}})
				all, want = append(all, s), append(want, out)
			}
			for trial := range 4 {
				pages, done, out := make([][]Page, len(all)), make([]int, len(all)), make([][]float32, len(all))
				for i, s := range all {
					out[i] = make([]float32, len(s.q))
				}
				for left := true; left; {
					left = false
					var spans []AttentionSpan
					for i, s := range all {
						m := min(s.n-done[i], 1+r.IntN(40))
						if trial == 0 {
							m = min(m, 1)
						}
						if m == 0 || r.IntN(3) == 0 {
							left = left || m > 0
							continue
						}
						for len(pages[i])*PageSize < done[i]+m {
							page := shape.NewPage()
							junk := make([]float32, PageSize*kv)
							for j := range junk {
								junk[j] = nan
							}
							shape.Write([]Page{page}, 0, PageSize, junk, junk)
							pages[i] = append(pages[i], page)
						}
						from, to := done[i], done[i]+m
						shape.Write(pages[i], from, m, s.k[from*kv:to*kv], s.v[from*kv:to*kv])
						spans = append(spans, AttentionSpan{Pages: pages[i], Pos: from, Q: s.q[from*width : to*width], Out: out[i][from*width : to*width]})
						done[i], left = to, left || to < s.n
					}
					a.Run(pools[trial], spans)
				}
				for i := range all {
					sameBits(t, fmt.Sprintf("%d:%d heads, %d positions", heads[0], heads[1], all[i].n), out[i], want[i])
				}
			}
		}
	}
}

// TestAttentionWindow: with windows of all kinds of lengths a query sees the last
// positions and no others. What lies before them, even NaN, changes nothing; nor does
// it matter which queries are computed together.
func TestAttentionWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	p := NewPool(2)
	defer p.Close()
	const dim, n = 24, 270
	for _, half := range []bool{false, true} {
		for _, heads := range [][2]int{{2, 2}, {6, 2}, {9, 1}} {
			shape := CacheShape{Heads: heads[1], HeadDim: dim, Half: half}
			width, kv := heads[0]*dim, heads[1]*dim
			s := newSequence(r, shape, heads[0], n)
			pages := s.cached(r, n)
			a := NewAttention(shape, heads[0])
			junk := make([]float32, n*kv)
			fill(junk, float32(math.NaN()))
			for _, window := range []int{1, 2, 5, 16, 17, 63, 64, 65, 100, 130, n - 1, n, n + 1, 5000} {
				name := fmt.Sprintf("%d:%d heads, half %v, window %d", heads[0], heads[1], half, window)
				out := make([]float32, len(s.q))
				a.Run(p, []AttentionSpan{{Pages: pages, Window: window, Q: s.q, Out: out}})
				if window >= n {
					want := make([]float32, len(s.q))
					a.Run(p, []AttentionSpan{{Pages: pages, Q: s.q, Out: want}})
					sameBits(t, name, out, want)
				}
				for _, pos := range []int{0, 1, window - 1, window, 63, 64, 131, n - 1} {
					if pos >= n {
						continue
					}
					for i, want := range s.naiveAttention(pos, window) {
						near(t, fmt.Sprint(name, ", position ", pos), out[pos*width+i], want, 3e-6)
					}
				}
				bent := s.cached(r, n)
				for pos := 0; pos < n; {
					m := min(1+r.IntN(30), n-pos)
					if hidden := pos + 1 - window; hidden > 0 {
						shape.Write(bent, 0, hidden, junk[:hidden*kv], junk[:hidden*kv])
					}
					part := make([]float32, m*width)
					a.Run(p, []AttentionSpan{{Pages: bent, Pos: pos, Window: window, Q: s.q[pos*width : (pos+m)*width], Out: part}})
					sameBits(t, fmt.Sprint(name, ", from ", pos), part, out[pos*width:(pos+m)*width])
					pos += m
				}
			}
		}
	}
}

// formula is what Attention's documentation says of one query, operation by operation.
func (s *sequence) formula(pos, window int) []float32 {
	dim, group, width := s.shape.HeadDim, s.heads/s.shape.Heads, s.shape.Heads*s.shape.HeadDim
	held := func(x float32) float32 {
		if s.shape.Half {
			return floatOf(halfOf(x))
		}
		return x
	}
	from := 0
	if window > 0 {
		from = max(0, pos+1-window)
	}
	out := make([]float32, s.heads*dim)
	for h := range s.heads {
		q, at := s.q[pos*s.heads*dim+h*dim:][:dim], h/group*dim
		scores, most := make([]float32, pos+1), float32(math.Inf(-1))
		for t := from; t <= pos; t++ {
			for d, x := range q {
				scores[t] = fma32(x, held(s.k[t*width+at+d]), scores[t])
			}
			scores[t] *= 1 / float32(math.Sqrt(float64(dim)))
			most = max(most, scores[t])
		}
		var sums [16]float32
		o := out[h*dim:][:dim]
		for t := from; t <= pos; t++ {
			e := exp32(scores[t] - most)
			sums[t%16] += e
			for d := range o {
				o[d] = fma32(e, held(s.v[t*width+at+d]), o[d])
			}
		}
		z := joinSums(&sums)
		for d := range o {
			o[d] /= z
		}
	}
	return out
}

// TestAttentionFormula: every bit is what the documentation's formula gives, before,
// at and behind the places where positions are cut into pages.
func TestAttentionFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	p := NewPool(2)
	defer p.Close()
	const dim, n = 24, 3*PageSize + 40
	for _, half := range []bool{false, true} {
		shape := CacheShape{Heads: 1, HeadDim: dim, Half: half}
		s := newSequence(r, shape, 3, n)
		width := s.heads * dim
		pages, a := s.cached(r, n), NewAttention(shape, s.heads)
		for _, window := range []int{0, 1, 65, 2*PageSize + 9, n - 1} {
			out := make([]float32, len(s.q))
			a.Run(p, []AttentionSpan{{Pages: pages, Window: window, Q: s.q, Out: out}})
			for _, pos := range []int{0, 15, 16, PageSize - 1, PageSize, 2*PageSize + 15, n - 1} {
				sameBits(t, fmt.Sprintf("half %v, window %d, position %d", half, window, pos), out[pos*width:(pos+1)*width], s.formula(pos, window))
			}
		}
	}
}

func TestAttentionAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	shape := CacheShape{Heads: 2, HeadDim: 32}
	s := newSequence(r, shape, 6, 70)
	a, p := NewAttention(shape, 6), NewPool(2)
	defer p.Close()
	spans := []AttentionSpan{{Pages: s.cached(r, 70), Pos: 69, Q: s.q[69*192:], Out: make([]float32, 192)}}
	for _, spans[0].Window = range []int{0, 10} {
		if n := testing.AllocsPerRun(100, func() { a.Run(p, spans) }); n != 0 {
			t.Fatalf("%v allocations with a window of %d", n, spans[0].Window)
		}
	}
}

func TestPageShape(t *testing.T) {
	s := CacheShape{Heads: 3, HeadDim: 20, Half: true}
	if p := s.NewPage(); len(p.F16) != 3*64*(20+32) || p.F32 != nil || s.PageBytes() != 2*len(p.F16) {
		t.Fatalf("a page of %d, %d bytes", len(p.F16), s.PageBytes())
	}
	s.Half = false
	a, b := s.NewPage(), s.NewPage()
	a.F32[100] = 7
	s.Copy(b, a)
	sameBits(t, "copy", b.F32, a.F32)
}

// The pages of all layers are zeros, and apart from each other.
func TestNewPages(t *testing.T) {
	for _, half := range []bool{false, true} {
		s := CacheShape{Heads: 2, HeadDim: 64, Half: half}
		pages := s.NewPages(40)
		for l, p := range pages {
			if !reflect.DeepEqual(p, s.NewPage()) {
				t.Fatalf("half %v, layer %d: not a page of zeros", half, l)
			}
			for i := range p.F32 {
				p.F32[i] = float32(l + 1)
			}
			for i := range p.F16 {
				p.F16[i] = uint16(l + 1)
			}
		}
		for l, p := range pages {
			if slices.ContainsFunc(p.F32, func(v float32) bool { return v != float32(l+1) }) ||
				slices.ContainsFunc(p.F16, func(v uint16) bool { return v != uint16(l+1) }) {
				t.Fatalf("half %v: layer %d shares memory with another", half, l)
			}
		}
	}
}
