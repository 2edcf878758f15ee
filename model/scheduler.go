package model

import (
	"errors"
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// scheduler owns a backend: one goroutine, run, makes every call that
// computes. Sequences reach it through the gate, and tell their callers what they
// brought through their mailboxes.
type scheduler struct {
	backend backend.Backend
	vocab   int
	batch   int          // sequences with a cache at most, see reserved
	chunk   int          // prompt tokens a step at most
	draft   int          // drafted tokens a sequence and step at most
	prefix  *prefixCache // nil: none
	pace    pace
	// chooseDrafts decides how many drafted tokens are verified: pace.choose.
	chooseDrafts func(rows int, drafts []draft)
	odds         odds // of all sequences; a new one starts with them

	waiting []*sequence // in order of arrival; the ones put off for room come first
	active  []*sequence // reading and writing, in order of admission
	// room is the number of sequences that the device's memory held when it
	// last ran out; 0: it has not, or a sequence has ended since.
	room int

	quit chan struct{} // closed to end run
	done chan struct{} // closed when run has ended

	gate  gate
	guard stepGuard
	stats counters

	number int64 // of the latest step
	// brokenOff says that the latest step was broken off for an urgent sequence: the
	// next one is not, so that steps get done however many arrive.
	brokenOff bool

	// Scratch of step, used again.
	running []*sequence
	reading []reach     // what the step reads
	patient []*sequence // being written
	spans   []backend.Span
	writers []*writer
	drafts  []draft
}

func newScheduler(b backend.Backend, vocab int, o Options) *scheduler {
	s := &scheduler{
		backend: b, vocab: vocab, batch: o.Batch, chunk: o.PrefillChunk, draft: max(o.Draft, 0), odds: startOdds(),
		gate: newGate(o), quit: make(chan struct{}), done: make(chan struct{}),
	}
	s.chooseDrafts = s.pace.choose
	if o.PrefixCache > 0 {
		s.prefix = &prefixCache{budget: o.PrefixCache, most: o.PrefixTokens}
		s.stats.stats.PrefixBudget = o.PrefixCache
	}
	go s.run()
	return s
}

// enter lets a sequence in through the gate, or says why not.
func (s *scheduler) enter(q *sequence) error {
	err := s.gate.enter(q)
	var full *QueueFullError
	if errors.As(err, &full) {
		full.RetryAfter = s.stats.timeToRead(full.Tokens)
	}
	if err == nil && !q.patient {
		s.guard.arrive()
	}
	return err
}

// close ends all sequences, and returns when the backend is no longer used.
func (s *scheduler) close() {
	s.gate.close()
	close(s.quit)
	s.guard.close()
	<-s.done
}

// run is the loop: let sequences in, make a step, hand out what it brought.
func (s *scheduler) run() {
	defer close(s.done)
	defer s.abort()
	for s.receive() {
		s.admit()
		if len(s.active) > 0 {
			s.step()
		}
		if len(s.active)+len(s.waiting) == 0 {
			s.count() // receive is about to wait
		}
	}
}

// receive takes in the sequences that have arrived; it waits for one where there
// is nothing to do. It reports false once the scheduler is closed.
func (s *scheduler) receive() bool {
	for {
		s.guard.taken()
		s.waiting = s.gate.take(s.waiting)
		if len(s.active)+len(s.waiting) > 0 {
			break
		}
		select {
		case <-s.gate.wake:
		case <-s.quit:
			return false
		}
	}
	select {
	case <-s.quit:
		return false
	default:
		return true
	}
}

// admit drops the sequences whose contexts have ended, and fills the places in
// the batch: waiting → reading.
func (s *scheduler) admit() {
	for _, list := range [][]*sequence{s.active, s.waiting} {
		for _, q := range slices.Backward(list) { // finish takes q out
			if err := q.ctx.Err(); err != nil {
				s.finish(q, "", err)
			}
		}
	}
	for i := s.next(); i >= 0; i = s.next() {
		s.place(i)
	}
	s.count()
}

// finish ends a sequence in any phase: its caller hears of it, its cache goes
// to the prefix cache.
func (s *scheduler) finish(q *sequence, finish string, err error) {
	is := func(other *sequence) bool { return other == q }
	if q.phase == waiting {
		s.waiting = slices.DeleteFunc(s.waiting, is)
	} else {
		s.active = slices.DeleteFunc(s.active, is)
		s.room = 0
	}
	if q.cache != nil {
		n := q.cache.Len()
		if s.prefix != nil && n >= minShared && q.task.sharesPrefix() {
			s.keepForWaiting()
			s.prefix.add(q.adapter, q.tokens[:n], q.cache)
		} else {
			q.cache.Close()
		}
		q.cache = nil
	}
	if s.prefix != nil {
		s.prefix.trim()
	}
	q.phase = done
	s.gate.leave(q)
	s.stats.ended(err)
	q.task.end(ending{finish, err, q.timings})
}

// abort ends what is left when the scheduler is closed.
func (s *scheduler) abort() {
	s.waiting = s.gate.take(s.waiting)
	for _, list := range [][]*sequence{s.active, s.waiting} {
		for _, q := range slices.Backward(list) { // finish takes q out
			s.finish(q, "", ErrClosed)
		}
	}
	if s.prefix != nil {
		s.prefix.clear()
	}
}

// count brings the statistics of what is held up to date.
func (s *scheduler) count() {
	var held int64
	positions := 0
	for _, q := range s.active {
		if q.cache != nil {
			held += q.cache.Bytes()
			positions += q.cache.Len()
		}
	}
	s.stats.update(func(st *Stats) {
		st.Running, st.CacheBytes, st.CacheTokens = len(s.active), held, positions
		if p := s.prefix; p != nil {
			st.PrefixBytes, st.PrefixTokens = p.bytes(), p.positions()
			st.PrefixEntries, st.PrefixEvictions = len(p.entries), p.evictions
		}
	})
}
