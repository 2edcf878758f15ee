package kernels

import (
	"fmt"
	"iter"
	"math"
	"sync"
)

// blockRows is about the number of query rows that one work item of Attention
// holds: a page of keys is read from memory once for all of them.
const blockRows = 24

// Attention computes causal softmax attention with grouped heads.
//
// For a query q at absolute position p, over the positions t = 0 … p, or the last
// Window of them, all in float32 and in this order, whatever the schedule:
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
	Pages  []Page // of this layer, from position 0 on; keys and values of the queries included
	Pos    int    // absolute position of the first query
	Window int    // positions that a query sees, its own included; 0: all
	Q      []float32
	Out    []float32 // as Q: [n][heads·HeadDim]; may not overlap it
}

// attentionItem is the share of work of one goroutine at a time: a KV head
// and the queries [from, to) of a span.
type attentionItem struct{ span, head, from, to int }

// attentionScratch is what one goroutine needs for an item.
type attentionScratch struct {
	starts  []int     // [rows]: the first position that each row sees, counted from base
	lengths []int     // [rows]: the position behind the last that each row sees, counted from base
	q       []float32 // [rows][HeadDim]
	scores  []float32 // [rows][stride]
	stride  int
	out     []float32 // [rows][valueStride]
	sums    []float32 // [rows]

	args attentionArgs
}

// attentionArgs has room for the arguments of the kernels of attention, see args.go.
type attentionArgs struct {
	scores32 scoresArgs[float32]
	scores16 scoresArgs[uint16]
	weigh32  weighArgs[float32]
	weigh16  weighArgs[uint16]
}

// NewAttention returns the attention of heads query heads over a cache. It panics
// unless the number of KV heads divides heads.
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

// Run fills in Out of every span. It panics if a span does not fit the shape.
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
	w.args = attentionArgs{} // keeps no page alive
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
	pages := w.see(s, it, a.group)
	// The 16 keep the rows from falling into the same cache sets.
	w.stride = len(pages)*PageSize + 16
	w.q, w.scores = grow(w.q, rows*dim), grow(w.scores, rows*w.stride)
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
		from, to := w.starts[r]/tileRows*tileRows, roundUp(n, tileRows)
		row := w.scores[r*w.stride:][:to]
		fill(row[from:w.starts[r]], float32(math.Inf(-1)))
		fill(row[n:], float32(math.Inf(-1)))
		row = row[from:]
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

// see sets w.starts and w.lengths to what the rows of an item see, and returns the
// pages of these positions. Positions are counted from the first page's: a multiple
// of PageSize, so that sums run as they do when they are counted from 0.
func (w *attentionScratch) see(s *AttentionSpan, it attentionItem, group int) []Page {
	w.starts, w.lengths = w.starts[:0], w.lengths[:0]
	start := func(query int) int {
		if s.Window == 0 {
			return 0
		}
		return max(0, s.Pos+query+1-s.Window)
	}
	firstPage := start(it.from) / PageSize
	base := firstPage * PageSize
	for query := it.from; query < it.to; query++ {
		for range group {
			w.starts = append(w.starts, start(query)-base)
			w.lengths = append(w.lengths, s.Pos+query+1-base)
		}
	}
	return s.Pages[firstPage : (s.Pos+it.to+PageSize-1)/PageSize]
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// score sets the rows of w.scores to q·k of the positions that they see, and
// some more; keys and values are the offsets of the head's in a page.
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
			positions := min(PageSize, roundUp(w.lengths[first+n-1]-p*PageSize, tileRows))
			if positions <= 0 {
				continue
			}
			dst, q := w.scores[first*w.stride+p*PageSize:], w.q[first*dim:]
			if a.shape.Half {
				w.args.scores16 = scoresArgs[uint16]{
					dst: dst, dstStride: w.stride, q: q, k: page.F16[keys:], next: next.F16[at:],
					dim: dim, rows: n, positions: positions,
				}
				ops.scores16(&w.args.scores16)
			} else {
				w.args.scores32 = scoresArgs[float32]{
					dst: dst, dstStride: w.stride, q: q, k: page.F32[keys:], next: next.F32[at:],
					dim: dim, rows: n, positions: positions,
				}
				ops.scores32(&w.args.scores32)
			}
		}
	}
}

// weigh adds the values of all positions that the rows see, weighed by w.scores,
// to w.out.
func (a *Attention) weigh(w *attentionScratch, pages []Page, values int) {
	rows := len(w.lengths)
	for p, page := range pages {
		next, base := pages[min(p+1, len(pages)-1)], p*PageSize
		for first := 0; first < rows; first += rowTile {
			end := min(first+rowTile, rows)
			within := func(position int) int { return max(0, min(PageSize, position-base)) }
			// What all rows of the tile see, if there is such; before it what only the
			// earlier rows see, and behind it what only the later ones do.
			from, to := within(w.starts[end-1]), within(w.lengths[first])
			if from >= to {
				from, to = PageSize, PageSize
			}
			if from > 0 {
				for r := range w.equal(first, end) {
					a.weighPage(w, page, next, values, r.from, r.n, base, within(w.starts[r.from]), min(from, within(w.lengths[r.from])))
				}
			}
			a.weighPage(w, page, next, values, first, end-first, base, from, to)
			if to < PageSize {
				for r := range w.equal(first, end) {
					a.weighPage(w, page, next, values, r.from, r.n, base, to, within(w.lengths[r.from]))
				}
			}
		}
	}
}

// rowRun is n rows, from a row on.
type rowRun struct{ from, n int }

// equal visits the runs of rows in [first, end) that see the same positions.
func (w *attentionScratch) equal(first, end int) iter.Seq[rowRun] {
	return func(yield func(rowRun) bool) {
		for r := first; r < end; {
			n := 1
			for r+n < end && w.lengths[r+n] == w.lengths[r] {
				n++
			}
			if !yield(rowRun{r, n}) {
				return
			}
			r += n
		}
	}
}

// weighPage adds the values of the positions [from, to) of a page, which begins
// at position base, to n rows of w.out.
func (a *Attention) weighPage(w *attentionScratch, page, next Page, values, first, n, base, from, to int) {
	if from >= to {
		return
	}
	ops, stride := vec(), a.shape.valueStride()
	dst := w.out[first*stride:]
	weights := w.scores[first*w.stride+base+from:]
	at := values + from*stride
	if a.shape.Half {
		w.args.weigh16 = weighArgs[uint16]{
			dst: dst, weights: weights, weightStride: w.stride, v: page.F16[at:], next: next.F16[at:],
			vStride: stride, rows: n, positions: to - from,
		}
		ops.weigh16(&w.args.weigh16)
	} else {
		w.args.weigh32 = weighArgs[float32]{
			dst: dst, weights: weights, weightStride: w.stride, v: page.F32[at:], next: next.F32[at:],
			vStride: stride, rows: n, positions: to - from,
		}
		ops.weigh32(&w.args.weigh32)
	}
}

// grow returns a slice of at least n elements, x itself if it has them.
func grow(x []float32, n int) []float32 {
	if len(x) >= n {
		return x
	}
	return make([]float32, n+n/2)
}
