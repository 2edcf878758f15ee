package cpu

import (
	"sync"

	"github.com/medner/medner/internal/choice/hostchoice"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
)

// step is a batched step as rows: the tokens of all spans, one after the
// other, spans of one adapter together. Its slices are used again by the next.
type step struct {
	pool   *kernels.Pool
	spans  []span
	groups []group
	rows   int
	wanted int // rows that an outcome is asked of

	x    []float32 // [rows][hidden]: the residual stream
	norm []float32 // [rows][hidden]: its norm, the input of attention and MLP
	y    []float32 // [rows][hidden]: their output

	q, k, v, heads []float32 // [rows][heads·headDim]
	gate, up       []float32 // [rows][intermediate]
	logits         []float32 // [headRows][vocab]

	input    kernels.Input // of the products in progress
	partial  kernels.Input // of products for some of the rows only
	products []kernels.Product

	stage    stage
	runStage func(lo, hi int)

	attention []kernels.AttentionSpan

	asked      []backend.Row // of all rows that are left in the end
	answer     []backend.Row // and of those whose logits are there
	headGroups []group
	choose     func(lo, hi int) // answers some of them
	makers     sync.Pool        // of *hostchoice.Maker
}

// span is the part of a backend.Span that is still computed.
type span struct {
	cache *cache
	pos   int // of its first row
	first int // row
	n     int // rows

	adapter int
	tokens  []int32
	ask     []backend.Row // of its last rows
}

// group is a run of rows under one adapter.
type group struct{ adapter, first, n int }

func newStep(pool *kernels.Pool) *step {
	s := &step{pool: pool}
	s.choose = s.answerRows
	s.runStage = func(lo, hi int) { s.stage(s, lo, hi) }
	s.makers.New = func() any { return new(hostchoice.Maker) }
	return s
}

// lay arranges spans, in an order that keeps adapters together, and makes
// room in their caches.
func (s *step) lay(spans []backend.Span) {
	s.spans, s.rows, s.wanted = s.spans[:0], 0, 0
	for b := range backend.ByAdapter(spans) {
		c := b.Cache.(*cache)
		s.spans = append(s.spans, span{cache: c, pos: c.Len(), n: len(b.Tokens), adapter: b.Adapter, tokens: b.Tokens, ask: b.Rows})
		c.reserve(len(b.Tokens))
	}
	s.number()
}

// number gives the spans their rows.
func (s *step) number() {
	s.groups, s.rows, s.wanted = s.groups[:0], 0, 0
	for i := range s.spans {
		p := &s.spans[i]
		p.first = s.rows
		s.rows += p.n
		s.wanted += len(p.ask)
		if n := len(s.groups); n > 0 && s.groups[n-1].adapter == p.adapter {
			s.groups[n-1].n += p.n
		} else {
			s.groups = append(s.groups, group{p.adapter, p.first, p.n})
		}
	}
}

// narrow drops all rows that no outcome is asked of: after the last layer's
// keys and values are stored nothing depends on them.
func (s *step) narrow(width int) {
	row := 0
	for i := range s.spans {
		p := &s.spans[i]
		n := len(p.ask)
		from := p.first + p.n - n
		for _, rows := range [][]float32{s.x, s.norm} {
			copy(rows[row*width:(row+n)*width], rows[from*width:])
		}
		row += n
		p.pos += p.n - n
		p.n = n
	}
	s.x, s.norm, s.y = s.x[:row*width], s.norm[:row*width], s.y[:row*width]
	s.number()
}

// stage is work on the rows [lo, hi) of a step, alike for each row.
type stage func(s *step, lo, hi int)

// stageWork is about how many numbers a share of a stage's work has.
const stageWork = 1 << 13

// each runs a stage for all rows, which take width numbers each.
func (s *step) each(fn stage, width int) {
	if s.rows == 1 {
		fn(s, 0, 1)
		return
	}
	s.stage = fn
	s.pool.Run(s.rows, max(1, stageWork/width), s.runStage)
}

// grow returns a slice of n elements, in x if there is room.
func grow(x []float32, n int) []float32 {
	if cap(x) >= n {
		return x[:n]
	}
	return make([]float32, n, n+n/4)
}

// answerRows fills in the outcome of some rows whose logits are there.
func (s *step) answerRows(lo, hi int) {
	m := s.makers.Get().(*hostchoice.Maker)
	defer s.makers.Put(m)
	vocab := len(s.logits) / s.rows
	for i := lo; i < hi; i++ {
		logits := s.logits[i*vocab:][:vocab]
		copy(s.answer[i].Logits, logits)
		if r := s.answer[i].Rule; r != nil {
			m.Make(logits, r, s.answer[i].Choice)
		}
	}
}
