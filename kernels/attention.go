package kernels

import (
	"fmt"
	"math"
	"sync"
)

// rowTile is the most query rows that one call of an attention kernel takes.
const rowTile = 6

// blockRows is about how many query rows one work item of Attention holds;
// a page of keys is read from memory once for all of them.
const blockRows = 24

// Attention computes causal softmax attention with grouped heads.
//
// For a query q at absolute position p, over the positions t = 0 … p, all in
// float32 and in this order, whatever the schedule:
//
//	s[t] = (Σ_d q[d]·k[t][d])·scale           fused, d ascending
//	e[t] = exp(s[t] - max s),  Z = Σ_t e[t]   16 partial sums by t mod 16
//	o[d] = (Σ_t e[t]·v[t][d]) / Z             fused, t ascending
//
// An Attention keeps scratch space that grows with the longest sequence. Its
// methods may not be called concurrently.
type Attention struct {
	shape CacheShape
	heads int // query heads
	group int // query heads per KV head
	scale float32

	spans []AttentionSpan
	items []attentionItem
	work  func(lo, hi int)

	mu   sync.Mutex
	free []*attentionScratch
}

// AttentionSpan is n consecutive queries of one sequence.
type AttentionSpan struct {
	Pages []Page // of this layer, from position 0 on; keys and values of the queries included
	Pos   int    // absolute position of the first query
	Q     []float32
	Out   []float32 // as Q: [n][heads·HeadDim]; may not overlap it
}

// attentionItem is the share of work of one goroutine at a time: a KV head
// and some consecutive queries of a span.
type attentionItem struct{ span, head, from, to int }

type attentionScratch struct {
	lengths []int     // [rows]: how many positions each sees
	q       []float32 // [rows][HeadDim]
	scores  []float32 // [rows][reach]
	reach   int
	out     []float32 // [rows][valueStride]
	sums    []float32 // [rows]
}

// NewAttention returns the attention of heads query heads over a cache. The
// KV heads must divide them.
func NewAttention(shape CacheShape, heads int) *Attention {
	if shape.Heads <= 0 || shape.HeadDim <= 0 || heads <= 0 || heads%shape.Heads != 0 {
		panic(fmt.Sprintf("kernels: attention of %d heads over %d KV heads of %d", heads, shape.Heads, shape.HeadDim))
	}
	a := &Attention{
		shape: shape, heads: heads, group: heads / shape.Heads,
		scale: 1 / float32(math.Sqrt(float64(shape.HeadDim))),
	}
	a.work = a.run
	return a
}

// Run fills in Out of every span.
func (a *Attention) Run(p *Pool, spans []AttentionSpan) {
	a.spans, a.items = spans, a.items[:0]
	width := a.heads * a.shape.HeadDim
	block := max(1, blockRows/a.group)
	for i := range spans {
		s := &spans[i]
		n := len(s.Q) / width
		if len(s.Q) != n*width || len(s.Out) != len(s.Q) || s.Pos < 0 || s.Pos+n > PageSize*len(s.Pages) {
			panic(fmt.Sprintf("kernels: attention of %d values at %d into %d over %d pages, width %d",
				len(s.Q), s.Pos, len(s.Out), len(s.Pages), width))
		}
		for h := range a.shape.Heads {
			for from := 0; from < n; from += block {
				a.items = append(a.items, attentionItem{i, h, from, min(n, from+block)})
			}
		}
	}
	p.Run(len(a.items), 1, a.work)
	a.spans = nil
}

func (a *Attention) run(lo, hi int) {
	w := a.take()
	for _, it := range a.items[lo:hi] {
		a.item(w, it)
	}
	a.mu.Lock()
	a.free = append(a.free, w)
	a.mu.Unlock()
}

func (a *Attention) take() *attentionScratch {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.free); n > 0 {
		w := a.free[n-1]
		a.free = a.free[:n-1]
		return w
	}
	return &attentionScratch{}
}

// item computes one work item. Rows are numbered by query, then by head in
// the group, and taken in tiles of rowTile.
func (a *Attention) item(w *attentionScratch, it attentionItem) {
	s, dim := &a.spans[it.span], a.shape.HeadDim
	stride := a.shape.valueStride()
	rows := (it.to - it.from) * a.group
	w.lengths = w.lengths[:0]
	for query := it.from; query < it.to; query++ {
		for range a.group {
			w.lengths = append(w.lengths, s.Pos+query+1)
		}
	}
	pages := s.Pages[:(w.lengths[rows-1]+PageSize-1)/PageSize]
	// The 16 keep the rows from falling into the same cache sets.
	w.reach = len(pages)*PageSize + 16
	w.q, w.scores = grow(w.q, rows*dim), grow(w.scores, rows*w.reach)
	w.out, w.sums = grow(w.out, rows*stride), grow(w.sums, rows)
	// The heads of a group lie side by side.
	width, heads := a.heads*dim, a.group*dim
	origin := func(query int) int { return query*width + it.head*heads }
	for i := range it.to - it.from {
		copy(w.q[i*heads:][:heads], s.Q[origin(it.from+i):])
	}
	keys := it.head * a.shape.headLen()
	values := keys + dim*PageSize

	a.score(w, pages, keys, values)
	ops := vec()
	for r, n := range w.lengths {
		// Kernels like whole vectors: -Inf adds nothing to maximum and sum.
		whole := roundUp(n, tileRows)
		row := w.scores[r*w.reach:][:whole]
		for i := n; i < whole; i++ {
			row[i] = float32(math.Inf(-1))
		}
		w.sums[r] = ops.expSum(row, ops.scaleMax(row, a.scale))
	}
	clear(w.out[:rows*stride])
	a.weigh(w, pages, values)
	for r, query := 0, it.from; query < it.to; query++ {
		at := origin(query)
		for range a.group {
			ops.divide(s.Out[at:][:dim], w.out[r*stride:][:dim], w.sums[r])
			r, at = r+1, at+dim
		}
	}
}

// score sets the rows of w.scores to q·k of the positions that they see, and
// some more; keys and values are where those of the head lie in a page.
func (a *Attention) score(w *attentionScratch, pages []Page, keys, values int) {
	ops, dim, rows := vec(), a.shape.HeadDim, len(w.lengths)
	for p, page := range pages {
		// What comes next: the next page's keys, or the first values.
		next, at := page, values
		if p+1 < len(pages) {
			next, at = pages[p+1], keys
		} else if p > 0 {
			next = pages[0]
		}
		for first := 0; first < rows; first += rowTile {
			n := min(rowTile, rows-first)
			columns := min(PageSize, roundUp(w.lengths[first+n-1]-p*PageSize, tileRows))
			if columns <= 0 {
				continue
			}
			dst, tile := w.scores[first*w.reach+p*PageSize:], w.q[first*dim:]
			if a.shape.Half {
				ops.scores16(dst, w.reach, tile, page.F16[keys:], next.F16[at:], dim, n, columns)
			} else {
				ops.scores32(dst, w.reach, tile, page.F32[keys:], next.F32[at:], dim, n, columns)
			}
		}
	}
}

// weigh adds the values of all positions that the rows see, weighed by w.scores,
// to w.out.
func (a *Attention) weigh(w *attentionScratch, pages []Page, values int) {
	ops, stride, rows := vec(), a.shape.valueStride(), len(w.lengths)
	for p, page := range pages {
		next, base := pages[min(p+1, len(pages)-1)], p*PageSize
		add := func(first, n, from, to int) {
			if from >= to {
				return
			}
			dst, weights, at := w.out[first*stride:], w.scores[first*w.reach+base+from:], values+from*stride
			if a.shape.Half {
				ops.weigh16(dst, weights, w.reach, page.F16[at:], next.F16[at:], stride, n, to-from)
			} else {
				ops.weigh32(dst, weights, w.reach, page.F32[at:], next.F32[at:], stride, n, to-from)
			}
		}
		for first := 0; first < rows; first += rowTile {
			end := min(first+rowTile, rows)
			// What all rows of the tile may see, then what only the later see.
			shared := max(0, min(PageSize, w.lengths[first]-base))
			add(first, end-first, 0, shared)
			for r := first; r < end && shared < PageSize; {
				n := 1
				for r+n < end && w.lengths[r+n] == w.lengths[r] {
					n++
				}
				add(r, n, shared, min(PageSize, w.lengths[r]-base))
				r += n
			}
		}
	}
}

// grow returns a slice of at least n elements, x itself if it has them.
func grow(x []float32, n int) []float32 {
	if len(x) >= n {
		return x
	}
	return make([]float32, n+n/2)
}

// scores32Go computes, for r < rows and c < columns (a multiple of 16),
// dst[r·stride+c] = Σ_d q[r·dim+d]·k[d·PageSize+c], fused, d ascending. Kernels
// may fetch as much as they read of k from next, which is wanted soon.
func scores32Go(dst []float32, stride int, q, k, _ []float32, dim, rows, columns int) {
	for r := range rows {
		row := dst[r*stride:][:columns]
		clear(row)
		for d := range dim {
			x := q[r*dim+d]
			for c, y := range k[d*PageSize:][:columns] {
				row[c] = fma32(x, y, row[c])
			}
		}
	}
}

// weigh32Go computes, for r < rows and d < stride,
// dst[r·stride+d] += Σ_{t<n} weights[r·reach+t]·v[t·stride+d], fused, t
// ascending. Kernels may fetch as much of next.
func weigh32Go(dst, weights []float32, reach int, v, _ []float32, stride, rows, n int) {
	for r := range rows {
		row := dst[r*stride:][:stride]
		for t, e := range weights[r*reach:][:n] {
			for d, y := range v[t*stride:][:stride] {
				row[d] = fma32(e, y, row[d])
			}
		}
	}
}

// scores16Go is scores32Go over float16 keys.
func scores16Go(dst []float32, stride int, q []float32, k, _ []uint16, dim, rows, columns int) {
	var line [PageSize]float32
	for r := range rows {
		clear(dst[r*stride:][:columns])
	}
	for d := range dim {
		for c, y := range k[d*PageSize:][:columns] {
			line[c] = floatOf(y)
		}
		for r := range rows {
			x, row := q[r*dim+d], dst[r*stride:][:columns]
			for c := range row {
				row[c] = fma32(x, line[c], row[c])
			}
		}
	}
}

// weigh16Go is weigh32Go over float16 values.
func weigh16Go(dst, weights []float32, reach int, v, _ []uint16, stride, rows, n int) {
	for t := range n {
		for d, y := range v[t*stride:][:stride] {
			f := floatOf(y)
			for r := range rows {
				dst[r*stride+d] = fma32(weights[r*reach+t], f, dst[r*stride+d])
			}
		}
	}
}
