package constraint

// wide tells whether the mask of a state takes so long to make that the article
// keeps it for other answers.
func (s state) wide() bool {
	return s.hi-s.lo >= wide || s.mode == dash || s.mode == bar
}

// kept returns the mask of a state if the article keeps it; else nil.
func (a *Article) kept(s state) []uint64 {
	if !s.wide() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.masks[s]
}

// keep keeps a mask, and returns false if there is no room for it.
func (a *Article) keep(s state, mask []uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.masks) >= maxMasks {
		return false
	}
	a.masks[s] = mask
	return true
}

// fill sets the bits of the tokens that may follow a state.
func (a *Article) fill(mask []uint64, s state) {
	a.walk(mask, 0, s)
	if a.final(s) || empty(mask) {
		a.v.allowStop(mask)
	}
}

func empty(mask []uint64) bool {
	for _, w := range mask {
		if w != 0 {
			return false
		}
	}
	return true
}

// walk allows the tokens below a node of the vocabulary whose remaining bytes the
// automaton accepts from state s on.
func (a *Article) walk(mask []uint64, node int32, s state) {
	v := a.v
	if s.mode == first || s.mode == last {
		a.walkSpan(mask, node, s)
		return
	}
	for child := v.child[node]; child < v.child[node+1]; child++ {
		if next := a.step(s, v.label[child]); next.mode != failed {
			v.allow(mask, child)
			a.walk(mask, child, next)
		}
	}
}

// walkSpan is walk within a span. It tries the bytes with which the article goes
// on, which are far fewer than those with which the vocabulary does.
func (a *Article) walkSpan(mask []uint64, node int32, s state) {
	v := a.v
	if v.leaf(node) {
		return
	}
	// The bytes that may end a span: "\n", or " |" in a pair. A space or a hyphen
	// in the first span of a pair is followed by step, here and not below, since
	// the space may begin " |" or belong to the span.
	if s.mode == first {
		a.walkByte(mask, node, s, ' ')
		a.walkByte(mask, node, s, '-')
		a.walkByte(mask, node, s, '|')
	} else {
		a.walkByte(mask, node, s, '\n')
	}
	for i := s.lo; i < s.hi; {
		b := a.byteAt(i, s.depth)
		rest := s
		rest.lo = i
		lo, hi := a.narrow(rest, b)
		i = hi
		if b == end || b == joint && s.mode == first {
			continue
		}
		next := s
		next.lo, next.hi = lo, hi
		next.depth++
		next.separating = false
		if b == joint {
			a.walkChild(mask, v.next(node, '-'), next)
		}
		if b != joint || s.depth > 0 {
			a.walkChild(mask, v.next(node, b), next)
		}
	}
}

// walkChild allows the tokens at child and below it, unless child is 0.
func (a *Article) walkChild(mask []uint64, child int32, s state) {
	if child != 0 {
		a.v.allow(mask, child)
		a.walkSpan(mask, child, s)
	}
}

// walkByte allows the tokens below node whose next byte is b.
func (a *Article) walkByte(mask []uint64, node int32, s state, b byte) {
	child := a.v.next(node, b)
	if child == 0 {
		return
	}
	if next := a.step(s, b); next.mode != failed {
		a.v.allow(mask, child)
		a.walk(mask, child, next)
	}
}
