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
