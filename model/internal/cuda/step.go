package cuda

import (
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/paged"
	"github.com/medner/medner/quant"
)

// step is a batched step as rows: the tokens of all spans, one after the
// other, spans of one adapter together. Its slices are used again by the next.
type step struct {
	spans    []span
	rows     int
	asked    []backend.Row
	adapters []int // that rows are under, ascending, without -1
	own      bool  // some have a token table of their own
	heads    bool  // some have norms of heads of their own
	choose   bool  // the device chooses at some row
	logits   bool  // the host needs the logits of some row
	probes   int   // the most ids whose probability is asked of a row
	keys     int   // the most positions that a row sees
	pages    int   // the most of a sequence
}

// span is the work of one sequence.
type span struct {
	cache   *cache
	pos     int // of its first row
	adapter int
	tokens  []int32
	ask     []backend.Row // of its last rows
}

// lay arranges spans, in an order that keeps adapters together.
func (s *step) lay(spans []backend.Span, d *decoder) {
	*s = step{spans: s.spans[:0], asked: s.asked[:0], adapters: s.adapters[:0]}
	for b := range backend.ByAdapter(spans) {
		if n := len(s.adapters); b.Adapter >= 0 && (n == 0 || s.adapters[n-1] != b.Adapter) {
			s.adapters = append(s.adapters, b.Adapter)
		}
		c := b.Cache.(*cache)
		s.spans = append(s.spans, span{cache: c, pos: c.Len(), adapter: b.Adapter, tokens: b.Tokens, ask: b.Rows})
		s.rows += len(b.Tokens)
		s.asked = append(s.asked, b.Rows...)
		s.keys = max(s.keys, c.Len()+len(b.Tokens))
	}
	for _, a := range s.adapters {
		s.own = s.own || a < len(d.tables) && d.tables[a] != nil
		s.heads = s.heads || d.changesHeads(a)
	}
	for _, r := range s.asked {
		s.logits = s.logits || r.Logits != nil || drawn(r)
		if r.Rule != nil && !drawn(r) {
			s.choose = true
			s.probes = max(s.probes, len(r.Rule.Probes))
		}
	}
	s.pages = paged.Pages(s.keys)
}

// drawn reports whether the host draws a token from a row's logits. The device
// makes all other choices.
func drawn(r backend.Row) bool { return r.Rule != nil && r.Rule.Draws() }

// vectors reads the token vectors of all rows on the host, as [rows][hidden].
func (s *step) vectors(dst []float32, base quant.Matrix, d *decoder) error {
	row := 0
	for _, p := range s.spans {
		table := base
		if p.adapter >= 0 && p.adapter < len(d.tables) && d.tables[p.adapter] != nil {
			table = d.tables[p.adapter]
		}
		for _, id := range p.tokens {
			if err := table.ReadRows(dst[row*d.hidden:][:d.hidden], int(id)); err != nil {
				return err
			}
			row++
		}
	}
	return nil
}

// reserve makes room in the caches.
func (s *step) reserve() error {
	for _, p := range s.spans {
		if err := p.cache.Reserve(len(p.tokens)); err != nil {
			return err
		}
	}
	return nil
}

// needs are the limits that the step asks for.
func (s *step) needs(sh shape, d *decoder) limits {
	l := limits{rows: sh.rows, asked: sh.asked, slots: len(s.spans), stride: s.pages, extra: extraBytes(s.asked), probes: sh.probes, keys: sh.keys}
	if s.own {
		l.own = s.rows
	}
	if s.heads {
		l.heads = s.rows * d.heads
	}
	if s.logits {
		l.logits = len(s.asked)
	}
	return l
}
