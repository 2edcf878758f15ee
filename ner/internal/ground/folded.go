package ground

// Folded returns the folded article with, for each of its bytes and its end,
// whether a mention may start or end there. Automata over articles are made
// of it.
func (a *Article) Folded() (text string, starts, ends []bool) {
	f := a.exact
	n := len(f.text)
	starts, ends = make([]bool, n+1), make([]bool, n+1)
	for i, r := range f.runs {
		next, source := n, int(r.source)
		if i+1 < len(f.runs) {
			next = int(f.runs[i+1].folded)
		}
		first := int(r.folded)
		if r.end != 0 {
			starts[first] = Boundary(a.text, source)
			ends[next] = Boundary(a.text, int(r.end))
			continue
		}
		// Byte by byte; never within a character, for that is no boundary.
		for at := first; at < next; at++ {
			starts[at] = f.text[at]&0xc0 != 0x80 && Boundary(a.text, source+at-first)
			ends[at+1] = (at+1 == n || f.text[at+1]&0xc0 != 0x80) && Boundary(a.text, source+at+1-first)
		}
	}
	return f.text, starts, ends
}
