package eval

// pairs is a one-to-one pairing of gold and predicted mentions.
type pairs struct {
	gold, predicted []mention
	ofGold          []int // the index of the predicted mention paired with each gold one, or -1
	ofPredicted     []int // the reverse
}

// newPairs returns a pairing without pairs.
func newPairs(gold, predicted []mention) *pairs {
	p := &pairs{gold: gold, predicted: predicted, ofGold: make([]int, len(gold)), ofPredicted: make([]int, len(predicted))}
	for i := range p.ofGold {
		p.ofGold[i] = -1
	}
	for j := range p.ofPredicted {
		p.ofPredicted[j] = -1
	}
	return p
}

// clone returns a pairing with the same pairs.
func (p *pairs) clone() *pairs {
	c := newPairs(p.gold, p.predicted)
	copy(c.ofGold, p.ofGold)
	copy(c.ofPredicted, p.ofPredicted)
	return c
}

// rest returns a pairing without pairs of the mentions that p leaves alone.
func (p *pairs) rest() *pairs {
	var gold, predicted []mention
	for i, j := range p.ofGold {
		if j < 0 {
			gold = append(gold, p.gold[i])
		}
	}
	for j, i := range p.ofPredicted {
		if i < 0 {
			predicted = append(predicted, p.predicted[j])
		}
	}
	return newPairs(gold, predicted)
}

// extend changes the pairing until it has as many pairs as any pairing of allowed
// pairs has. allowed must hold for the pairs that there are. A mention that has a
// partner keeps one, though perhaps another.
//
// The method is that of Hopcroft and Karp (1973): each round finds, by breadth, how
// far each gold mention is from one without a partner, and then, by depth, shortest
// augmenting paths that share no mention. The number of rounds grows with the square
// root of the number of mentions at most; pairs are tested, not stored, so that many
// nested mentions take no memory.
func (p *pairs) extend(allowed func(gold, predicted mention) bool) {
	for {
		distance, found := p.layers(allowed)
		if !found {
			return
		}
		used := make([]bool, len(p.predicted))
		for i := range p.gold {
			if p.ofGold[i] < 0 {
				p.augment(i, allowed, distance, used)
			}
		}
	}
}

// layers returns the length of the shortest alternating path to each gold mention
// from one without a partner, -1 where there is none, and whether such a path
// reaches a predicted mention without a partner.
func (p *pairs) layers(allowed func(gold, predicted mention) bool) (distance []int, found bool) {
	distance = make([]int, len(p.gold))
	var queue []int
	for i, j := range p.ofGold {
		if distance[i] = -1; j < 0 {
			distance[i] = 0
			queue = append(queue, i)
		}
	}
	unseen := make([]int, len(p.predicted))
	for j := range unseen {
		unseen[j] = j
	}
	for len(queue) > 0 && len(unseen) > 0 {
		i := queue[0]
		queue = queue[1:]
		left := unseen[:0]
		for _, j := range unseen {
			if !allowed(p.gold[i], p.predicted[j]) {
				left = append(left, j)
				continue
			}
			if next := p.ofPredicted[j]; next < 0 {
				found = true
			} else if distance[next] < 0 {
				distance[next] = distance[i] + 1
				queue = append(queue, next)
			}
		}
		unseen = left
	}
	return distance, found
}

// step is a gold mention on an augmenting path, and the next predicted mention to
// try for it.
type step struct{ gold, next int }

// augment looks for a path from gold mention i to a predicted mention without a
// partner, along rising distances, and pairs its mentions anew. used marks the
// predicted mentions that paths of this round have tried. The path is kept in a
// slice, as it may be as long as there are mentions.
func (p *pairs) augment(i int, allowed func(gold, predicted mention) bool, distance []int, used []bool) {
	path := []step{{gold: i}}
	for len(path) > 0 {
		top := &path[len(path)-1]
		if top.next == len(p.predicted) {
			distance[top.gold] = -1 // leads nowhere
			path = path[:len(path)-1]
			continue
		}
		j := top.next
		top.next++
		if used[j] || !allowed(p.gold[top.gold], p.predicted[j]) {
			continue
		}
		next := p.ofPredicted[j]
		if next >= 0 && distance[next] != distance[top.gold]+1 {
			continue
		}
		used[j] = true
		if next >= 0 {
			path = append(path, step{gold: next})
			continue
		}
		for _, s := range path {
			p.ofGold[s.gold], p.ofPredicted[s.next-1] = s.next-1, s.gold
		}
		return
	}
}

// counts returns the counts by task, with value true positives for each pair.
func (p *pairs) counts(value float64) map[string]Counts {
	out := p.pairedCounts()
	for task, c := range out {
		c.TP *= value
		out[task] = c
	}
	for i, j := range p.ofGold {
		if j < 0 {
			out[p.gold[i].task] = out[p.gold[i].task].add(Counts{Gold: 1})
		}
	}
	for j, i := range p.ofPredicted {
		if i < 0 {
			out[p.predicted[j].task] = out[p.predicted[j].task].add(Counts{Predicted: 1})
		}
	}
	return out
}

// pairedCounts returns the counts of the mentions that have partners.
func (p *pairs) pairedCounts() map[string]Counts {
	out := map[string]Counts{}
	for i, j := range p.ofGold {
		if j >= 0 {
			out[p.gold[i].task] = out[p.gold[i].task].add(Counts{TP: 1, Predicted: 1, Gold: 1})
		}
	}
	return out
}
