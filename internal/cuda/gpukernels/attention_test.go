package gpukernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
)

// sequences has the paged caches of some sequences, on the device and on the CPU.
type sequences struct {
	cache Cache
	pages [][]kernels.Page // by slot
	addrs [][]driver.Ptr
}

func newSequences(d *device, shape kernels.CacheShape, slots, positions int) *sequences {
	const layer = 1 << 12
	s := &sequences{cache: Cache{Shape: shape, Layer: layer, Stride: (positions+63)/64 + 1}}
	tables := make([]uint64, slots*s.cache.Stride)
	for slot := range slots {
		var pages []kernels.Page
		var addrs []driver.Ptr
		for i := range (positions + 63) / 64 {
			addr, _ := d.Alloc(uint64(layer + shape.PageBytes()))
			_ = d.CopyToDevice(addr+layer, make([]byte, shape.PageBytes()), 0)
			tables[slot*s.cache.Stride+i] = uint64(addr)
			pages, addrs = append(pages, shape.NewPage()), append(addrs, addr+layer)
		}
		s.pages, s.addrs = append(s.pages, pages), append(s.addrs, addrs)
	}
	s.cache.Tables = alloc(d, 0, tables...)
	return s
}

type attentionCase struct {
	heads, kvHeads, dim int
	half                bool
	positions           int // in the longest sequence
	window              int // of the steps after the first
}

var attentionCases = []attentionCase{
	{9, 3, 64, false, 150, 17}, {8, 8, 64, true, 70, 64}, {6, 2, 128, true, 130, 65}, {3, 1, 80, false, 66, 1}, {4, 2, 24, false, 10, 0},
	{4, 1, 256, false, 65, 66}, {24, 8, 16, true, 300, 30}, {3, 1, 16, false, 300, 270},
}

// TestAttention runs steps of several sequences at once, as the backend does: angles,
// rope with the writing of keys and values, then attention. Pages and results have
// the bits of the CPU.
func TestAttention(t *testing.T) { eachDevice(t, testAttention) }

func testAttention(t *testing.T, d *device) {
	pool := kernels.NewPool(1)
	defer pool.Close()
	for _, precision := range []Precision{F32, Fast} {
		for _, c := range attentionCases {
			what := fmt.Sprint(precision, c)
			k, r := load(d, precision), rand.New(rand.NewPCG(7, 1))
			shape := kernels.CacheShape{Heads: c.kvHeads, HeadDim: c.dim, Half: c.half}
			s := newSequences(d, shape, 2, c.positions)
			width, kvWidth, h := c.heads*c.dim, c.kvHeads*c.dim, c.dim/2-c.dim%4/2
			invFreq := make([]float32, h)
			for i := range invFreq {
				invFreq[i] = float32(math.Pow(10000, -float64(i)/float64(h)))
			}
			rope, attention := kernels.NewRope(invFreq), kernels.NewAttention(shape, c.heads)
			freq := alloc(d, 0, invFreq...)
			done := [2]int{}
			for step := 0; done[0] < c.positions; step++ {
				// A prompt in two parts, beside single tokens of another sequence.
				part := []int{min((c.positions+1)/2, c.positions-done[0]), min(1, c.positions-done[1])}
				var positions, slots []int32
				for slot, n := range part {
					for i := range n {
						positions, slots = append(positions, int32(done[slot]+i)), append(slots, int32(slot))
					}
				}
				n := len(positions)
				q, keys, values := random(r, n*width), random(r, n*kvWidth), random(r, n*kvWidth)
				count := Rows{Most: n}
				at := Places{Positions: alloc(d, 0, positions...), Slots: alloc(d, 0, slots...)}
				angles, onDevice := alloc[float32](d, n*2*h), alloc(d, 0, q...)
				must(t, k.Angles(0, angles, freq, count, h, at))
				must(t, k.Rope(0, onDevice, alloc(d, 0, keys...), alloc(d, 0, values...), angles, count, c.heads, h, at, s.cache))
				bound := (c.positions + 63) / 64 * 64
				scratch := alloc[byte](d, int(k.AttentionBytes(count, c.heads, c.dim, bound)))
				out := alloc[byte](d, n*width*precision.InputBytes())
				if step > 0 {
					s.cache.Window = c.window
				}
				must(t, k.Attention(0, out, onDevice, scratch, count, c.heads, bound, at, s.cache))

				first := 0
				for slot, m := range part {
					for i := first; i < first+m; i++ {
						rope.Apply(q[i*width:][:width], c.dim, int(positions[i]))
						rope.Apply(keys[i*kvWidth:][:kvWidth], c.dim, int(positions[i]))
					}
					shape.Write(s.pages[slot], done[slot], m, keys[first*kvWidth:][:m*kvWidth], values[first*kvWidth:][:m*kvWidth])
					comparePages(d, what, shape, s, slot)
					want := make([]float32, m*width)
					spans := []kernels.AttentionSpan{{Pages: s.pages[slot], Pos: done[slot], Window: s.cache.Window, Q: q[first*width:][:m*width], Out: want}}
					attention.Run(pool, spans)
					checkAttention(t, d, what, precision, out+driver.Ptr(first*width*precision.InputBytes()), want)
					done[slot] += m
					first += m
				}
				sameBits(t, what+" q", fetch[float32](d, onDevice, n*width), q)
			}
		}
	}
}

func comparePages(d *device, what string, shape kernels.CacheShape, s *sequences, slot int) {
	d.t.Helper()
	for i, page := range s.pages[slot] {
		want := bytesOf(page.F32)
		if shape.Half {
			want = bytesOf(page.F16)
		}
		if got := fetch[byte](d, s.addrs[slot][i], shape.PageBytes()); string(got) != string(want) {
			d.t.Fatalf("%s: page %d of slot %d differs", what, i, slot)
		}
	}
}

// checkAttention compares with the CPU, in f32 bit by bit.
func checkAttention(t *testing.T, d *device, what string, p Precision, out driver.Ptr, want []float32) {
	t.Helper()
	if p == F32 {
		sameBits(t, what, fetch[float32](d, out, len(want)), want)
		return
	}
	for i, h := range fetch[uint16](d, out, len(want)) {
		got := math.Float32frombits(uint32(h) << 16)
		if diff := math.Abs(float64(got - want[i])); !(diff <= 0.02*(1+math.Abs(float64(want[i])))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got, want[i])
		}
	}
}
