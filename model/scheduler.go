package model

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// scheduler owns a backend: one goroutine, run, makes every call that
// computes. Requests reach it through submit and leave through their mailbox.
type scheduler struct {
	backend backend.Backend
	vocab   int
	stop    []int32 // stop ids of requests that name none
	batch   int     // sequences with a cache at most
	chunk   int     // prompt tokens a step at most
	patient bool    // also while others are written
	draft   int     // guesses a sequence and step at most
	prefix  *prefixCache
	pace    pace
	// choose decides how many guesses are verified: pace.choose.
	choose func(rows int, proposals []proposal)
	odds   odds // of all sequences: what a new one starts with

	active  []*sequence // in order of admission
	room    int         // of active, while the device has no memory for more; 0: batch
	waiting []*sequence

	inbox chan *sequence
	quit  chan struct{}
	done  chan struct{}

	// The step in progress, for those who leave in the middle of it.
	mu          sync.Mutex
	inStep      []*sequence
	readers     int
	stepContext context.Context
	cancelStep  context.CancelFunc
	stats       Stats

	// Scratch of step, used again.
	running   []*sequence
	spans     []backend.Span
	proposals []proposal
	writers   []*sequence
}

// Stats counts what a model has done since it was opened, and what it holds.
type Stats struct {
	Running, Waiting int   // requests
	CacheBytes       int64 // keys and values of running sequences
	PrefixBytes      int64 // and of the prefix cache

	Steps          int64
	StepTime       time.Duration
	PromptTokens   int64 // read
	CachedTokens   int64 // found in the prefix cache
	NewTokens      int64 // written
	DraftedTokens  int64
	AcceptedTokens int64
}

func newScheduler(b backend.Backend, vocab int, stop []int32, o Options) *scheduler {
	s := &scheduler{
		backend: b, vocab: vocab, stop: stop, batch: o.Batch, chunk: o.PrefillChunk, patient: o.Patient, draft: max(o.Draft, 0),
		odds: startOdds(), inbox: make(chan *sequence), quit: make(chan struct{}), done: make(chan struct{}),
	}
	s.choose = s.pace.choose
	if o.PrefixCache > 0 {
		s.prefix = &prefixCache{budget: o.PrefixCache}
	}
	go s.run()
	return s
}

// submit hands a sequence to the scheduler.
func (s *scheduler) submit(q *sequence) error {
	select {
	case s.inbox <- q:
		return nil
	case <-q.ctx.Done():
		return q.ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}

// leave gives a sequence up: from here on the scheduler doesn't touch what
// its request holds. A step that nobody waits for any more is broken off.
func (s *scheduler) leave(q *sequence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.mailbox.mu.Lock()
	q.mailbox.abandoned = true
	q.mailbox.mu.Unlock()
	if slices.Contains(s.inStep, q) {
		if s.readers--; s.readers == 0 {
			s.cancelStep()
		}
	}
}

// close ends everything and waits until the backend is no longer used.
func (s *scheduler) close() {
	close(s.quit)
	s.mu.Lock()
	if s.inStep != nil {
		s.cancelStep()
	}
	s.mu.Unlock()
	<-s.done
}

// run is the loop: let requests in, make a step, hand out what it brought.
func (s *scheduler) run() {
	defer close(s.done)
	defer s.abort()
	for {
		if !s.receive() {
			return
		}
		s.admit()
		if len(s.active) > 0 {
			s.step()
		}
	}
}

// receive takes in the requests that are there, waiting for one where there
// is nothing else to do. It reports false at the end.
func (s *scheduler) receive() bool {
	if len(s.active)+len(s.waiting) == 0 {
		select {
		case q := <-s.inbox:
			s.waiting = append(s.waiting, q)
		case <-s.quit:
			return false
		}
	}
	for {
		select {
		case q := <-s.inbox:
			s.waiting = append(s.waiting, q)
		case <-s.quit:
			return false
		default:
			return true
		}
	}
}

// admit drops what was given up and fills the places in the batch.
func (s *scheduler) admit() {
	for i := 0; i < len(s.active); {
		if err := s.active[i].ctx.Err(); err != nil {
			s.finish(s.active[i], "", err) // the next takes its place
		} else {
			i++
		}
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(q *sequence) bool {
		if err := q.ctx.Err(); err != nil {
			q.post("", err)
			return true
		}
		return false
	})
	for len(s.waiting) > 0 && len(s.active) < s.batch && (s.room == 0 || len(s.active) < s.room) {
		q := s.waiting[0]
		s.waiting = slices.Delete(s.waiting, 0, 1)
		q.admitted = time.Now()
		q.timings.Queued = q.admitted.Sub(q.submitted)
		q.odds = s.odds
		s.active = append(s.active, q)
	}
	s.count()
}

// finish ends a sequence: its caller hears of it, its cache goes to the prefix
// cache.
func (s *scheduler) finish(q *sequence, finish string, err error) {
	s.active = slices.DeleteFunc(s.active, func(a *sequence) bool { return a == q })
	s.room = 0
	if q.cache != nil {
		n := q.cache.Len()
		switch {
		case s.prefix != nil && n >= minShared && q.wantRows == 0:
			s.prefix.add(q.adapter, q.tokens[:n], q.cache)
		default:
			q.cache.Close()
		}
		q.cache = nil
	}
	if s.prefix != nil {
		s.prefix.trim()
	}
	q.post(finish, err)
}

// post tells the caller how its sequence ended.
func (s *sequence) post(finish string, err error) {
	b := &s.mailbox
	b.mu.Lock()
	b.finish, b.err, b.timings, b.done = finish, err, s.timings, true
	b.mu.Unlock()
	b.ring()
}

// abort ends what is left when the model is closed.
func (s *scheduler) abort() {
	if s.cancelStep != nil {
		s.cancelStep()
	}
	for len(s.active) > 0 {
		s.finish(s.active[0], "", ErrClosed)
	}
	for _, q := range s.waiting {
		q.post("", ErrClosed)
	}
	s.waiting = nil
	if s.prefix != nil {
		s.prefix.clear()
	}
}

// count brings the statistics up to date.
func (s *scheduler) count() {
	var held, kept int64
	for _, q := range s.active {
		if q.cache != nil {
			held += q.cache.Bytes()
		}
	}
	if s.prefix != nil {
		kept = s.prefix.bytes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Running, s.stats.Waiting = len(s.active), len(s.waiting)
	s.stats.CacheBytes, s.stats.PrefixBytes = held, kept
}
