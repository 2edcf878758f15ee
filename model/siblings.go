package model

// Siblings are sequences whose prompts are mostly the same, such as questions
// about one article behind it. They are admitted close to each other, so that
// the keys and values which they share are still there.

// siblingsAhead bounds how far ahead in the queue siblings are looked for, in
// batches.
const siblingsAhead = 4

// ahead returns the waiting sequences that are looked at.
func (s *scheduler) ahead() []*sequence {
	return s.waiting[:min(len(s.waiting), siblingsAhead*s.batch)]
}

// next returns the index of the waiting sequence that gets the next place in the
// batch: the first sibling of an active sequence, or else the one that has
// waited longest. Siblings that overtook others attract none themselves, so that
// the others wait no longer than until the sequences end that are active now.
func (s *scheduler) next() int {
	for i, q := range s.ahead() {
		for _, r := range s.active {
			if !r.overtook && areSiblings(q, r) {
				q.overtook = q.overtook || i > 0
				return i
			}
		}
	}
	return 0
}

// areSiblings reports whether more than half of the shorter prompt of two begins
// the other.
func areSiblings(a, b *sequence) bool {
	n := min(a.prompt, b.prompt) / 2
	if a.adapter != b.adapter || n < minShared {
		return false
	}
	return commonPrefix(a.tokens[:n], b.tokens[:n]) == n
}

// keepForWaiting marks what the prefix cache has of most of a waiting sequence's
// prompt as used, so that other entries go before it.
func (s *scheduler) keepForWaiting() {
	for _, q := range s.ahead() {
		if i, n := s.prefix.find(q.adapter, q.tokens[:q.shared]); n > q.prompt/2 {
			s.prefix.use(i)
		}
	}
}
