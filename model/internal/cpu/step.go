package cpu

import (
	"sync"

	"github.com/medner/medner/internal/choice/hostchoice"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
)

// step lays a batched step out as rows, one for each token: the tokens of the
// spans one after the other, spans under one adapter together. The next step uses
// its slices again.
type step struct {
	pool   *kernels.Pool
	spans  []span
	groups []group // runs of spans under one adapter
	rows   int     // tokens of all spans

	x    []float32 // [rows][hidden]: the residual stream
	norm []float32 // [rows][hidden]: its norm, the input of attention and MLP
	y    []float32 // [rows][hidden]: the output of attention or MLP

	q, k, v, heads []float32 // [rows][heads·headDim]
	gate, up       []float32 // [rows][intermediate]
	logits         []float32 // [headRows][vocab]
	scores         []float32 // [rows][labels]

	input    kernels.Input // of the products in progress
	partial  kernels.Input // the input of products for some of the rows only
	exact    kernels.Input // the input of classifiers, whose products are in float32 in any precision
	products []kernels.Product

	stage    stage            // the stage that runs
	runStage func(lo, hi int) // runs it for some rows; a field, so that it is allocated once

	attention []kernels.AttentionSpan

	asked      []backend.Row    // what is asked at the rows left after the last layer
	answer     []backend.Row    // the window of asked whose logits are computed
	writers    []group          // the groups of the asked rows that want logits or a choice
	headGroups []group          // the groups of that window
	choose     func(lo, hi int) // answerRows; a field, so that it is allocated once
	makers     sync.Pool        // of *hostchoice.Maker
}

// span is the part of a backend.Span that is still computed.
type span struct {
	cache *cache
	pos   int // position of its first token
	first int // index of its first row
	n     int // number of its rows

	adapter int
	tokens  []int32
	ask     []backend.Row // what is asked at its last rows
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

// lay begins a step: it arranges the spans so that those under one adapter are
// together, and makes room in their caches.
func (s *step) lay(spans []backend.Span) {
	s.spans = s.spans[:0]
	for b := range backend.ByAdapter(spans) {
		c := b.Cache.(*cache)
		s.spans = append(s.spans, span{cache: c, pos: c.Len(), n: len(b.Tokens), adapter: b.Adapter, tokens: b.Tokens, ask: b.Rows})
		c.reserve(len(b.Tokens))
	}
	s.number()
}

// number counts the rows of the spans and finds the groups.
func (s *step) number() {
	s.groups, s.rows = s.groups[:0], 0
	for i := range s.spans {
		p := &s.spans[i]
		p.first = s.rows
		s.rows += p.n
		if n := len(s.groups); n > 0 && s.groups[n-1].adapter == p.adapter {
			s.groups[n-1].n += p.n
		} else {
			s.groups = append(s.groups, group{p.adapter, p.first, p.n})
		}
	}
}

// narrow drops all rows at which nothing is asked: once the last layer's keys and
// values are stored, nothing depends on them.
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

// stage computes the rows [lo, hi) of a step, each by itself.
type stage func(s *step, lo, hi int)

// stageWork is about how many numbers a thread takes at a time.
const stageWork = 1 << 13

// each runs a stage for all rows, of width numbers each.
func (s *step) each(fn stage, width int) {
	if s.rows == 1 {
		fn(s, 0, 1)
		return
	}
	s.stage = fn
	s.pool.Run(s.rows, max(1, stageWork/width), s.runStage)
}

// grow returns a slice of n elements, in the memory of x where it suffices. The
// elements mean nothing.
func grow(x []float32, n int) []float32 {
	if cap(x) >= n {
		return x[:n]
	}
	return make([]float32, n, n+n/4)
}

// answerRows fills in what is asked at the rows [lo, hi) of the window.
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
