package constraint

import "sort"

// Grammar says what a line of an answer has after its bullet.
type Grammar uint8

// What an answer lists: items, or pairs of them.
const (
	Items Grammar = iota // one span
	Pairs                // two spans
)

// Automaton follows the writing of one answer. It is not safe for concurrent use;
// its forks are independent of it.
type Automaton struct {
	a    *Article
	at   state
	mask []uint64 // the mask of at; nil until Allowed made it
	own  []uint64 // memory for masks that the article doesn't keep
}

// Start returns the automaton at the beginning of an answer.
func (a *Article) Start(g Grammar) *Automaton {
	return &Automaton{a: a, at: state{mode: begin, grammar: g}}
}

// Fork returns an independent automaton in the same state.
func (c *Automaton) Fork() *Automaton { return &Automaton{a: c.a, at: c.at} }

// Accept moves on by a token. After a token that isn't allowed, only stop ids are
// allowed; but a line end always begins a new line, so that a caller can give an
// item up.
func (c *Automaton) Accept(id int32) {
	c.mask = nil
	for _, b := range c.a.v.bytes(id) {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b == '\n' {
			c.at = state{mode: line, grammar: c.at.grammar}
			continue
		}
		c.at = c.a.step(c.at, b)
	}
}

// Allowed returns a bitmap of the ids that may come next: id i is bit i%64 of word
// i/64. It is valid until the next Accept. It is never empty: where no token
// spells what must follow, the stop ids are allowed.
func (c *Automaton) Allowed() []uint64 {
	if c.mask != nil {
		return c.mask
	}
	if c.mask = c.a.kept(c.at); c.mask != nil {
		return c.mask
	}
	if c.own == nil || c.at.wide() {
		c.own = make([]uint64, c.a.v.words())
	}
	clear(c.own)
	c.a.fill(c.own, c.at)
	c.mask = c.own
	if c.at.wide() && c.a.keep(c.at, c.mask) {
		c.own = nil
	}
	return c.mask
}

// state is a place in the grammar. Within a span of which depth bytes are written,
// the entries [lo, hi) of Article.spans begin with those bytes.
type state struct {
	mode          mode
	grammar       Grammar
	separating    bool // the last byte is a space that may begin " | "
	lo, hi, depth int32
}

// mode is a part of the grammar:
//
//	begin → dash → last → line → dash …          a list of items
//	begin → dash → first → bar → last → line …   a list of pairs
//
// A space at the start of the answer leads from begin to line. A byte that the
// grammar doesn't have leads to failed, which only a line end leaves.
type mode uint8

const (
	begin mode = iota // at the start of the answer
	line              // at the start of a line
	dash              // after "-"
	first             // in the first span of a pair
	bar               // after " |"
	last              // in the only span of a line, or the second of a pair
	failed
)

// span returns the state before the first byte of a span.
func (a *Article) span(m mode, g Grammar) state {
	return state{mode: m, grammar: g, hi: int32(len(a.spans))}
}

// step returns the state after byte b.
func (a *Article) step(s state, b byte) state {
	switch s.mode {
	case begin, line:
		if b == '-' {
			return state{mode: dash, grammar: s.grammar}
		}
		if b == ' ' && s.mode == begin {
			return state{mode: line, grammar: s.grammar}
		}
	case dash:
		if b == ' ' && s.grammar == Pairs {
			return a.span(first, s.grammar)
		} else if b == ' ' {
			return a.span(last, s.grammar)
		}
	case bar:
		if b == ' ' {
			return a.span(last, s.grammar)
		}
	case first, last:
		if b == '|' && s.separating {
			return state{mode: bar, grammar: s.grammar}
		}
		if b == '\n' {
			if s.mode == last && a.finished(s) {
				return state{mode: line, grammar: s.grammar}
			}
			break
		}
		if b == end {
			break
		}
		if b == joint && s.depth == 0 {
			break
		}
		n := s
		n.lo, n.hi = a.narrow(s, joined(b))
		n.depth++
		n.separating = s.mode == first && b == ' ' && a.finished(s)
		if n.lo < n.hi || n.separating {
			return n
		}
	}
	return state{mode: failed, grammar: s.grammar}
}

// narrow returns the part of the interval [s.lo, s.hi) that goes on with b. Its
// start is found by bisection; its end, which is mostly near, by steps that
// double, and then bisection.
func (a *Article) narrow(s state, b byte) (lo, hi int32) {
	n := int(s.hi - s.lo)
	lo = s.lo + int32(sort.Search(n, func(i int) bool { return a.byteAt(s.lo+int32(i), s.depth) >= b }))
	hi = lo
	for step := int32(1); ; step *= 2 {
		if hi+step > s.hi || a.byteAt(hi+step-1, s.depth) != b {
			n := int(min(step, s.hi-hi))
			return lo, hi + int32(sort.Search(n, func(i int) bool { return a.byteAt(hi+int32(i), s.depth) != b }))
		}
		hi += step
	}
}

// byteAt returns the byte at depth of the longest span of entry i, and end after
// the span.
func (a *Article) byteAt(i, depth int32) byte {
	if s := a.spans[i]; depth < s.length {
		return a.text[s.start+depth]
	}
	return end
}

// finished tells whether the bytes written are a whole span: whether one of the
// places that they may stand at ends there.
func (a *Article) finished(s state) bool {
	for _, p := range a.spans[s.lo:s.hi] {
		if s.depth >= p.first && a.ends[p.start+s.depth] {
			return true
		}
	}
	return false
}

// final tells whether the answer may end here.
func (a *Article) final(s state) bool {
	switch s.mode {
	case begin, line, failed:
		return true
	case last:
		return a.finished(s)
	}
	return false
}
