package model

import (
	"cmp"
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// reach says up to which token a step reads a sequence, or is about to.
type reach struct {
	q    *sequence
	upTo int
}

// addUrgentReaders adds pieces of the urgent prompts that are to be read, of budget
// tokens at most, and returns how many they have.
func (s *scheduler) addUrgentReaders(budget int) (rows int) {
	s.reading = s.reading[:0]
	urgent := s.openUrgent(budget)
	for i, q := range urgent {
		rows += s.addReader(q, divideUp(budget-rows, len(urgent)-i))
	}
	s.reading = s.reading[:0]
	for i, q := range s.running {
		s.reading = append(s.reading, reach{q, q.cache.Len() + len(s.spans[i].Tokens)})
	}
	return rows
}

// addPatientReaders adds pieces of the patient prompts that are to be read, of budget
// tokens at most, and returns how many they have.
func (s *scheduler) addPatientReaders(budget int) (rows int) {
	for _, q := range s.patientReaders() {
		if rows == budget {
			break
		}
		if q.cache == nil && !s.open(q) {
			continue
		}
		n := s.addReader(q, budget-rows)
		s.reading = append(s.reading, reach{q, q.cache.Len() + n})
		rows += n
	}
	return rows
}

// divideUp returns n / by, rounded up.
func divideUp(n, by int) int { return (n + by - 1) / by }

// openUrgent returns the urgent sequences of which the step reads a piece, those with
// the least to read first. They share the step's budget in equal parts, and what the
// short ones leave of their parts goes to the long ones.
func (s *scheduler) openUrgent(budget int) (urgent []*sequence) {
	var readers []*sequence
	for _, q := range s.active {
		if q.phase == reading && !q.patient {
			readers = append(readers, q)
		}
	}
	slices.SortStableFunc(readers, func(a, b *sequence) int { return cmp.Compare(a.leftToRead(), b.leftToRead()) })
	for _, q := range readers {
		if len(urgent) == budget || q.cache == nil && !s.open(q) {
			continue
		}
		s.reading = append(s.reading, reach{q, min(q.toRead(), q.cache.Len()+budget)})
		urgent = append(urgent, q)
	}
	slices.SortStableFunc(urgent, func(a, b *sequence) int { return cmp.Compare(a.leftToRead(), b.leftToRead()) })
	return urgent
}

// leftToRead returns how many tokens are to be read before the next one is written, less
// those that its cache holds.
func (q *sequence) leftToRead() int {
	if q.cache == nil {
		return q.toRead()
	}
	return q.toRead() - q.cache.Len()
}

// addReader adds a piece of at most n tokens of an open sequence, and returns how many
// it has.
func (s *scheduler) addReader(q *sequence, n int) int {
	at := q.cache.Len()
	if n = q.task.read(s, at, n); n > 0 {
		s.add(q, q.tokens[at:at+n])
	}
	return n
}

// readBudget returns how many tokens the step reads at most. While a caller
// waits for single tokens the pieces are smaller, so that each comes soon.
func (s *scheduler) readBudget() int {
	for _, q := range s.active {
		if q.phase == writing && !q.patient {
			return max(s.chunk/4, min(s.chunk, 64))
		}
	}
	return s.chunk
}

// open gives a sequence its cache, with what is known of its prompt. It
// reports false where the sequence had better wait for a prompt that is read
// in this very step and shares more with it.
func (s *scheduler) open(q *sequence) bool {
	share := s.prefix != nil && q.task.sharesPrefix()
	if !share {
		q.cache = s.backend.NewCache()
		return true
	}
	source, known := s.known(q)
	for _, r := range s.reading {
		n := commonPrefix(r.q.tokens[:r.upTo], q.tokens[:q.shared])
		if r.q.adapter == q.adapter && n > known && n >= minShared {
			return false
		}
	}
	hit := known >= minShared
	if hit {
		q.cache = source.Fork(known)
	} else {
		q.cache = s.backend.NewCache()
	}
	cached := q.cache.Len()
	q.timings.CachedTokens = cached
	s.gate.read(q, cached)
	s.stats.update(func(st *Stats) {
		st.PrefixLookups++
		st.CachedTokens += int64(cached)
		if hit {
			st.PrefixHits++
		}
	})
	return true
}

// known finds the cache with the longest prefix of a prompt, among those of
// active sequences and those kept of earlier ones. The tokens at which something is
// asked are left to read.
func (s *scheduler) known(q *sequence) (source backend.Cache, n int) {
	prompt := q.tokens[:q.shared]
	source, n = s.prefix.longest(q.adapter, prompt)
	for _, r := range s.active {
		if r.cache == nil || r.adapter != q.adapter {
			continue
		}
		if shared := commonPrefix(r.tokens[:r.cache.Len()], prompt); shared > n {
			source, n = r.cache, shared
		}
	}
	return source, n
}
