package constraint

import "sort"

// Grammar is what lines consist of.
type Grammar uint8

// A line is one span, or two.
const (
	Items Grammar = iota
	Pairs
)

// Automaton follows one answer. It is not safe for concurrent use; its copies
// are independent.
type Automaton struct {
	a    *Article
	at   state
	mask []uint64 // of at, if it was asked for
	own  []uint64 // memory for masks that are not kept
}

// Start returns the automaton of an answer's beginning.
func (a *Article) Start(g Grammar) *Automaton {
	return &Automaton{a: a, at: state{mode: begin, grammar: g}}
}

// Fork returns an independent copy.
func (c *Automaton) Fork() *Automaton { return &Automaton{a: c.a, at: c.at} }

// Accept moves on with a token. After one that is not allowed, only stop ids
// are; but an end of line always ends its line, so that a caller can give an
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

// Finished says whether the answer may end here.
func (c *Automaton) Finished() bool { return c.a.final(c.at) }

// Allowed is a bitmap of the ids that may come next, valid until the next
// Accept. It is never empty: where a vocabulary can't spell what must follow,
// the stop ids are allowed.
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

// state is a place in the grammar; within a span also which starts [lo, hi)
// the depth bytes written of it follow.
type state struct {
	mode          mode
	grammar       Grammar
	separating    bool // a space was written that may begin " | "
	lo, hi, depth int32
}

type mode uint8

const (
	begin mode = iota
	line       // a line's beginning
	dash       // after "-"
	first      // in the first span of a pair
	bar        // after " |"
	last       // in a line's last span
	failed
)

func (a *Article) span(m mode, g Grammar) state {
	return state{mode: m, grammar: g, hi: int32(len(a.spans))}
}

// step moves on by one byte.
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

// narrow returns those of a state's starts that go on with b.
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

// byteAt is a byte of what follows a start, or end.
func (a *Article) byteAt(i, depth int32) byte {
	if s := a.spans[i]; depth < s.length {
		return a.text[s.start+depth]
	}
	return end
}

// finished says whether a span may end here.
func (a *Article) finished(s state) bool {
	for _, p := range a.spans[s.lo:s.hi] {
		if s.depth >= p.first && a.ends[p.start+s.depth] {
			return true
		}
	}
	return false
}

// final says whether the answer may end here.
func (a *Article) final(s state) bool {
	switch s.mode {
	case begin, line, failed:
		return true
	case last:
		return a.finished(s)
	}
	return false
}
