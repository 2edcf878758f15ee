package jinja

import "slices"

// loop is what a template sees as "loop" inside of a for.
type loop struct {
	items   []value
	at      int
	depth   int // of recursion
	last    *list
	recurse func(r *run, a arguments) value
}

func (f *forLoop) exec(r *run, s *scope) flow {
	r.line = f.line
	f.each(r, s, r.eval(f.over, s), 0)
	return onward
}

// each runs the loop over a value, at a depth of recursion.
func (f *forLoop) each(r *run, s *scope, v value, depth int) {
	items := f.chosen(r, s, r.iterate(v))
	if len(items) == 0 {
		r.exec(f.otherwise, s.inner())
		return
	}
	l := &loop{items: items, depth: depth}
	if f.recursive {
		l.recurse = func(r *run, a arguments) value {
			of := a.bind("loop", 1, "iterable")[0]
			r.enter()
			t := r.capture(func() { f.each(r, s, of, depth+1) })
			r.leave()
			return t
		}
	}
	for i, item := range items {
		r.step(1)
		l.at = i
		inner := s.inner()
		inner.set(r, "loop", l)
		r.assign(inner, f.target, item)
		if r.exec(f.body, inner) == breaks {
			return
		}
	}
}

// chosen returns the items for which the loop's condition holds.
func (f *forLoop) chosen(r *run, s *scope, items []value) []value {
	if f.condition == nil {
		return items
	}
	var out []value
	for _, item := range items {
		inner := s.inner()
		r.assign(inner, f.target, item)
		if truth(r.eval(f.condition, inner)) {
			r.list(1)
			out = append(out, item)
		}
	}
	return out
}

func (l *loop) attribute(name string) (value, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return int64(l.at + 1), true
	case "index0":
		return int64(l.at), true
	case "revindex":
		return int64(n - l.at), true
	case "revindex0":
		return int64(n - l.at - 1), true
	case "first":
		return l.at == 0, true
	case "last":
		return l.at == n-1, true
	case "length":
		return int64(n), true
	case "depth":
		return int64(l.depth + 1), true
	case "depth0":
		return int64(l.depth), true
	case "previtem":
		return l.neighbour(l.at - 1)
	case "nextitem":
		return l.neighbour(l.at + 1)
	case "cycle":
		return &function{"cycle", l.cycle}, true
	case "changed":
		return &function{"changed", l.changed}, true
	}
	return nil, false
}

func (l *loop) neighbour(i int) (value, bool) {
	if i < 0 || i >= len(l.items) {
		return nil, false
	}
	return l.items[i], true
}

func (l *loop) cycle(_ *run, a arguments) value {
	if len(a.positional) == 0 {
		fail("loop.cycle needs a value")
	}
	return a.positional[l.at%len(a.positional)]
}

// changed reports whether its arguments differ from those of the last call.
func (l *loop) changed(r *run, a arguments) value {
	now := &list{slices.Clone(a.positional), true}
	same := l.last != nil && r.equal(now, l.last)
	l.last = now
	return !same
}
