package tagging

import (
	"fmt"
	"math"
	"slices"
)

// Mention is a run of tokens that the best path labels as one mention, and what
// the lattice says about it. Of its numbers, which are natural logarithms of
// probabilities, Covers + Ends is that of the whole mention.
type Mention struct {
	Type       string
	First, End int     // its tokens are [First, End)
	Begins     float64 // of a mention of this type that begins at First, whatever its end
	Covers     float64 // of one that begins at First and has all tokens before End
	Ends       float64 // of one that ends at End, given that it has all tokens before
	Weakest    float64 // of the least likely label among the labels of its tokens
}

// LogProb returns the logarithm of the probability that there is a mention of
// this type with exactly these tokens.
func (m *Mention) LogProb() float64 { return m.Covers + m.Ends }

// Decode returns the mentions of the best path, in their order. It takes scores in
// rows, one for each token with a score for each label. Of paths with equal sums
// it takes the one that has the lower label at the last token in which they
// differ. A score that isn't finite is an error.
//
// inWord says of which tokens a word goes on in them that the token before has a
// part of; nil: of none. Two mentions of a type that meet inside of a word are
// one, since no mention begins there.
func (s *Scheme) Decode(scores [][]float32, inWord []bool) ([]Mention, error) {
	l := lattice{scheme: s, n: len(scores), k: len(s.labels)}
	if err := l.load(scores); err != nil {
		return nil, err
	}
	if l.n == 0 {
		return nil, nil
	}
	path := l.best()
	l.sum()
	var all []Mention
	for first := 0; first < l.n; {
		next := s.runEnd(path, first)
		if s.labels[path[first]].part != outside {
			whole := next
			for inWord != nil && whole < l.n && inWord[whole] && s.labels[path[whole]].typ == s.labels[path[first]].typ {
				whole = s.runEnd(path, whole)
			}
			if whole > next {
				s.relabel(path[first:whole])
				next = whole
			}
			all = append(all, l.mention(path, first, next))
		}
		first = next
	}
	return all, nil
}

// runEnd returns where the run of labels ends that begins at first and is one
// mention, or one token outside.
func (s *Scheme) runEnd(path []int, first int) int {
	next := first + 1
	for next < len(path) && s.continues(path[next-1], path[next]) {
		next++
	}
	return next
}

// relabel gives a path of several tokens the labels that make it one mention of
// the type of its first label.
func (s *Scheme) relabel(path []int) {
	typ := s.labels[path[0]].typ
	find := func(parts ...part) int {
		for _, p := range parts {
			if i := slices.IndexFunc(s.labels, func(l label) bool { return l.typ == typ && l.part == p }); i >= 0 {
				return i
			}
		}
		return -1
	}
	path[0] = find(begin, inside)
	for i := range path[1:] {
		path[i+1] = find(inside)
	}
	path[len(path)-1] = find(end, inside)
}

// lattice holds n tokens by k labels; element t·k+j is token t's under label j.
type lattice struct {
	scheme *Scheme
	n, k   int
	score  []float64
	// forward has the logarithm of the summed weight of all paths up to a token
	// that end with a label, its own score included.
	forward []float64
	// backward has that of all paths that go on behind a token with a label,
	// without its own score.
	backward []float64
	total    float64 // the logarithm of the summed weight of all paths
}

// load copies the scores. It takes from each row the row's greatest score, so
// that sums over long articles stay small and keep their digits; this changes
// neither the best path nor any probability.
func (l *lattice) load(scores [][]float32) error {
	l.score = make([]float64, 0, l.n*l.k)
	for t, row := range scores {
		if len(row) != l.k {
			return fmt.Errorf("token %d has %d label scores: expected %d", t, len(row), l.k)
		}
		top := slices.Max(row)
		for j, v := range row {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return fmt.Errorf("token %d, label %s: score %g, expected a finite number", t, l.scheme.labels[j].name, v)
			}
			l.score = append(l.score, float64(v)-float64(top))
		}
	}
	return nil
}

// row returns a token's part of a table.
func (l *lattice) row(table []float64, t int) []float64 { return table[t*l.k : (t+1)*l.k] }

// best returns the labels of the path with the greatest sum.
func (l *lattice) best() []int {
	sum := make([]float64, l.n*l.k)
	from := make([]int32, l.n*l.k) // the label before, on the best path that ends here
	for t := range l.n {
		here, score := l.row(sum, t), l.row(l.score, t)
		var before []float64
		closed := -1
		if t > 0 {
			before = l.row(sum, t-1)
			closed = l.greatest(before)
		}
		for j, label := range l.scheme.labels {
			at := closed
			if !label.opens {
				at = -1
			}
			if t > 0 {
				for _, p := range label.after {
					if at < 0 || before[p] > before[at] || before[p] == before[at] && p < at {
						at = p
					}
				}
			}
			switch {
			case at >= 0:
				here[j] = before[at] + score[j]
			case label.opens: // the first token
				here[j] = score[j]
			default:
				here[j] = math.Inf(-1)
			}
			from[t*l.k+j] = int32(at)
		}
	}
	path := make([]int, l.n)
	at := l.greatest(l.row(sum, l.n-1))
	for t := l.n - 1; t >= 0; t-- {
		path[t] = at
		at = int(from[t*l.k+at])
	}
	return path
}

// greatest returns the label with the greatest sum among those that close a
// mention; of equal ones the lowest.
func (l *lattice) greatest(sums []float64) int {
	at := -1
	for j, label := range l.scheme.labels {
		if label.closes && (at < 0 || sums[j] > sums[at]) {
			at = j
		}
	}
	return at
}

// sum fills forward, backward and total.
func (l *lattice) sum() {
	l.forward, l.backward = make([]float64, l.n*l.k), make([]float64, l.n*l.k)
	for t := range l.n {
		closed := 0.0 // the empty path, before the first token
		if t > 0 {
			closed = l.closed(t-1, -1)
		}
		for j, label := range l.scheme.labels {
			sum := math.Inf(-1)
			if label.opens {
				sum = closed
			}
			if t > 0 {
				for _, p := range label.after {
					if !label.opens || !l.scheme.labels[p].closes { // else closed has it
						sum = logAdd(sum, l.row(l.forward, t-1)[p])
					}
				}
			}
			l.row(l.forward, t)[j] = sum + l.row(l.score, t)[j]
		}
	}
	l.total = l.closed(l.n-1, -1)
	for t := l.n - 1; t >= 0; t-- {
		opened := l.opened(t+1, -1)
		for j, label := range l.scheme.labels {
			sum := math.Inf(-1)
			if label.closes {
				sum = opened
			}
			l.row(l.backward, t)[j] = sum
		}
		if t+1 == l.n {
			continue
		}
		for j, label := range l.scheme.labels {
			for _, p := range label.after {
				if !label.opens || !l.scheme.labels[p].closes { // else opened has it
					l.row(l.backward, t)[p] = logAdd(l.row(l.backward, t)[p], l.weight(t+1, j))
				}
			}
		}
	}
}

// weight returns the logarithm of the summed weight of all ways to go on from
// token t with label j, its own score included.
func (l *lattice) weight(t, j int) float64 { return l.row(l.score, t)[j] + l.row(l.backward, t)[j] }

// closed returns the logarithm of the summed weight of all paths up to token t
// after which a mention may begin, those left out which label next would continue;
// -1 leaves out none.
func (l *lattice) closed(t, next int) float64 {
	if t < 0 {
		return 0
	}
	sum := math.Inf(-1)
	for p, label := range l.scheme.labels {
		if label.closes && (next < 0 || !l.scheme.continues(p, next)) {
			sum = logAdd(sum, l.row(l.forward, t)[p])
		}
	}
	return sum
}

// opened returns the logarithm of the summed weight of all ways to go on at token
// t after a mention has ended, those left out which continue label before; -1
// leaves out none.
func (l *lattice) opened(t, before int) float64 {
	if t >= l.n {
		return 0
	}
	sum := math.Inf(-1)
	for j, label := range l.scheme.labels {
		if label.opens && (before < 0 || !l.scheme.continues(before, j)) {
			sum = logAdd(sum, l.weight(t, j))
		}
	}
	return sum
}

// mention describes the tokens [first, next) of a path, which are one mention.
func (l *lattice) mention(path []int, first, next int) Mention {
	typ := l.scheme.labels[path[first]].typ
	m := Mention{Type: typ, First: first, End: next, Weakest: 0}
	before := l.closed(first-1, path[first])
	run := before
	for t := first; t < next; t++ {
		m.Weakest = min(m.Weakest, l.row(l.forward, t)[path[t]]+l.row(l.backward, t)[path[t]]-l.total)
		if t < next-1 {
			run += l.row(l.score, t)[path[t]]
		}
	}
	begins, covers := math.Inf(-1), math.Inf(-1)
	for j, label := range l.scheme.labels {
		if label.typ != typ {
			continue
		}
		if label.opens {
			begins = logAdd(begins, before+l.weight(first, j))
		}
		if next-first == 1 && label.opens || next-first > 1 && l.scheme.continues(path[next-2], j) {
			covers = logAdd(covers, run+l.weight(next-1, j))
		}
	}
	last := path[next-1]
	whole := run + l.row(l.score, next-1)[last] + l.opened(next, last) - l.total
	m.Begins = min(0, begins-l.total)
	m.Covers = min(0, covers-l.total)
	m.Ends = min(0, whole-m.Covers)
	return m
}

// logAdd returns log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
