package cuda

import (
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/paged"
	"github.com/medner/medner/quant"
)

// step lays a batched step out as rows, one for each token: the tokens of the
// spans one after the other, spans under one adapter together. The next step uses
// its slices again.
type step struct {
	spans    []span
	rows     int           // tokens of all spans
	asked    []backend.Row // what is asked, in the order of rows
	adapters []int         // the adapters of the spans, ascending; -1, the base, is left out
	own      bool          // one of them has a token table of its own
	heads    bool          // one of them has norms of heads of its own
	choose   bool          // the device chooses at some row
	logits   bool          // the host needs the logits of some row
	labels   int           // the most labels that are scored at a row; 0: none are
	probes   int           // the most ids whose probability is asked at a row
	keys     int           // the most positions that a row sees
	pages    int           // the most pages of a sequence
}

// span is the work of one sequence.
type span struct {
	cache   *cache
	pos     int // position of its first token
	adapter int
	tokens  []int32
	ask     []backend.Row // what is asked at its last tokens
}

// lay arranges the spans so that those under one adapter are together.
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
	for r := range s.scored() {
		s.labels = max(s.labels, d.labels(r.adapter))
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

// needs returns the limits within which the step fits.
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
	l.labels = s.labels
	return l
}
