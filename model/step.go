package model

import (
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// step makes one pass over the weights: the latest token of every sequence
// that is being written, with drafted tokens after it, and as much of the
// prompts that are being read as a step may hold.
func (s *scheduler) step() {
	s.spans, s.running = s.spans[:0], s.running[:0]
	rows := s.addReaders()
	rows += s.addWriters(rows)
	if len(s.running) == 0 {
		return // the callers of all have just left
	}
	ctx := s.guard.begin(s.running)
	start := time.Now()
	err := s.compute(ctx)
	took := time.Since(start)
	s.guard.end()
	s.stats.update(func(st *Stats) {
		st.Steps++
		st.StepTime += took
	})
	switch {
	case err == nil:
		s.pace.observe(rows, took)
		for i, q := range s.running {
			if n := len(s.spans[i].Tokens); q.phase == reading {
				s.stats.update(func(st *Stats) { st.PromptTokens += int64(n) })
			}
			q.task.settle(s)
		}
	case ctx.Err() != nil:
		// Nobody waits for the step any more, and admit drops its sequences.
	default:
		s.fail(err)
	}
}

// add puts a sequence's span into the step.
func (s *scheduler) add(q *sequence, tokens []int32) {
	s.spans = append(s.spans, backend.Span{Cache: q.cache, Tokens: tokens, Adapter: q.adapter, Rows: q.rows})
	s.running = append(s.running, q)
}

// addReaders adds pieces of what is to be read, in order of admission, and
// returns how many tokens they have.
func (s *scheduler) addReaders() (rows int) {
	budget := s.readBudget()
	for _, q := range s.active {
		if q.phase != reading || budget == 0 {
			continue
		}
		if q.cache == nil && !s.open(q) {
			continue
		}
		at := q.cache.Len()
		n := q.task.read(s, at, budget)
		if n == 0 {
			continue
		}
		s.add(q, q.tokens[at:at+n])
		budget -= n
		rows += n
	}
	return rows
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
	var source backend.Cache
	known := 0
	if s.prefix != nil && q.task.sharesPrefix() {
		source, known = s.known(q)
		for i, r := range s.running {
			soon := r.tokens[:r.cache.Len()+len(s.spans[i].Tokens)]
			if n := commonPrefix(soon, q.tokens[:q.shared]); r.adapter == q.adapter && n > known && n >= minShared {
				return false
			}
		}
	}
	if known >= minShared {
		q.cache = source.Fork(known)
	} else {
		q.cache = s.backend.NewCache()
	}
	q.timings.CachedTokens = q.cache.Len()
	s.stats.update(func(st *Stats) { st.CachedTokens += int64(q.cache.Len()) })
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

// addWriters adds the sequences that are being written, each with as many
// drafted tokens as are worth verifying beside the readRows rows that the step
// has already, and returns how many rows it adds.
func (s *scheduler) addWriters(readRows int) (rows int) {
	s.writers, s.drafts = s.writers[:0], s.drafts[:0]
	for _, q := range s.active {
		if q.phase == writing {
			t := q.task.(*writer) // the only task that comes to this phase
			t.lookup(s.draft)
			s.writers = append(s.writers, t)
			s.drafts = append(s.drafts, draft{ids: t.draft, first: t.odds.first[t.gram], next: t.odds.next})
		}
	}
	s.chooseDrafts(readRows+len(s.writers), s.drafts)
	for i, t := range s.writers {
		if !t.claim(func() { t.ask(1+s.drafts[i].take, s.vocab) }) {
			continue
		}
		n := len(t.rows)
		t.span = append(append(t.span[:0], t.tokens[len(t.tokens)-1]), t.draft[:n-1]...)
		s.add(t.sequence, t.span)
		rows += n
	}
	return rows
}
