package model

import (
	"context"
	"slices"
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// step makes one pass over the weights: the latest token of every sequence
// that is being written, with guesses after it, and as much of the prompts
// that are being read as a step may hold.
func (s *scheduler) step() {
	s.spans, s.running = s.spans[:0], s.running[:0]
	rows := s.addPrompts()
	rows += s.addWriters(rows)
	if len(s.running) == 0 {
		return // all of them have just left
	}
	ctx := s.enter()
	start := time.Now()
	err := s.compute(ctx)
	took := time.Since(start)
	s.mu.Lock()
	s.inStep = nil
	s.stats.Steps++
	s.stats.StepTime += took
	s.mu.Unlock()

	switch {
	case err == nil:
		s.pace.observe(rows, took)
		for i, q := range s.running {
			s.settle(q, len(s.spans[i].Tokens))
		}
	case ctx.Err() != nil:
		// Everybody in the step has left, and admit drops them.
	default:
		s.fail(err)
	}
}

// enter notes who waits for the step that begins, and returns the context that
// breaks it off: the last step's, unless that was.
func (s *scheduler) enter() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stepContext == nil || s.stepContext.Err() != nil {
		s.stepContext, s.cancelStep = context.WithCancel(context.Background())
	}
	s.inStep, s.readers = s.running, 0
	for _, q := range s.running {
		q.mailbox.mu.Lock()
		if !q.mailbox.abandoned {
			s.readers++
		}
		q.mailbox.mu.Unlock()
	}
	select {
	case <-s.quit:
		s.cancelStep()
	default:
		if s.readers == 0 {
			s.cancelStep()
		}
	}
	return s.stepContext
}

// add puts a sequence's span into the step.
func (s *scheduler) add(q *sequence, tokens []int32, rows []backend.Row) {
	s.spans = append(s.spans, backend.Span{Cache: q.cache, Tokens: tokens, Adapter: q.adapter, Rows: rows})
	s.running = append(s.running, q)
}

// logitRows is how many tokens of a prompt are read in a step whose logits
// are asked for: rows of a large vocabulary take much memory.
const logitRows = 64

// addPrompts adds pieces of prompts, in order of admission. While others are
// being written the pieces are smaller, so that nobody waits long for a token,
// unless nobody minds.
func (s *scheduler) addPrompts() (rows int) {
	budget := s.chunk
	if !s.patient && slices.ContainsFunc(s.active, (*sequence).writing) {
		budget = max(budget/4, min(budget, 64))
	}
	for _, q := range s.active {
		if q.writing() || budget == 0 {
			continue
		}
		if q.cache == nil && !s.open(q) {
			continue
		}
		at := q.cache.Len()
		n := min(budget, q.toRead()-at)
		if q.wantRows > 0 && at+n > q.prompt-q.wantRows {
			n = min(n, logitRows)
		}
		q.rows = q.rows[:0]
		switch {
		case q.wantRows > 0:
			for i := max(at, q.prompt-q.wantRows); i < at+n; i++ {
				q.rows = append(q.rows, backend.Row{Logits: make([]float32, s.vocab)})
			}
		case at+n == q.prompt && !q.rereading:
			if !q.claim(func() { q.ask(1, s.vocab) }) {
				continue
			}
		}
		s.add(q, q.tokens[at:at+n], q.rows)
		budget -= n
		rows += n
	}
	return rows
}

// open gives a sequence its cache, with what is known of its prompt. It
// reports false where that had better wait: a prompt in this very step will
// soon have more of it.
func (s *scheduler) open(q *sequence) bool {
	var source backend.Cache
	known := 0
	if s.prefix != nil && q.wantRows == 0 {
		source, known = s.known(q)
		for i, r := range s.running {
			soon := r.tokens[:r.cache.Len()+len(s.spans[i].Tokens)]
			if r.adapter == q.adapter && commonPrefix(soon, q.tokens[:q.prompt-1]) >= known+minShared {
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
	s.mu.Lock()
	s.stats.CachedTokens += int64(q.cache.Len())
	s.mu.Unlock()
	return true
}

// known finds the cache with the longest prefix of a prompt, among those of
// sequences in flight and those kept of earlier ones. At least one token is
// left to read, for its logits.
func (s *scheduler) known(q *sequence) (source backend.Cache, n int) {
	prompt := q.tokens[:q.prompt-1]
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

// claim runs fn, which may touch what the request holds, unless its owner has
// left.
func (s *sequence) claim(fn func()) bool {
	s.mailbox.mu.Lock()
	defer s.mailbox.mu.Unlock()
	if s.mailbox.abandoned {
		return false
	}
	fn()
	return true
}

// addWriters adds the sequences that are being written, each with as many
// guesses as are worth verifying.
func (s *scheduler) addWriters(promptRows int) (rows int) {
	s.proposals, s.writers = s.proposals[:0], s.writers[:0]
	for _, q := range s.active {
		if !q.writing() {
			continue
		}
		q.guesses, q.gram = lookup(q.guesses[:0], q.tokens, min(s.draft, q.limit-len(q.tokens)-1))
		for i, id := range q.guesses {
			if slices.Contains(s.stopOf(q), id) {
				q.guesses = q.guesses[:i]
				break
			}
		}
		s.writers = append(s.writers, q)
		s.proposals = append(s.proposals, proposal{guesses: q.guesses, first: q.odds.first[q.gram], next: q.odds.next})
	}
	s.choose(promptRows+len(s.writers), s.proposals)
	for i, q := range s.writers {
		if !q.claim(func() { q.ask(1+s.proposals[i].take, s.vocab) }) {
			continue
		}
		n := len(q.rows)
		q.span = append(append(q.span[:0], q.tokens[len(q.tokens)-1]), q.guesses[:n-1]...)
		s.add(q, q.span, q.rows)
		rows += n
	}
	return rows
}

// stopOf lists the ids that end a sequence.
func (s *scheduler) stopOf(q *sequence) []int32 {
	if q.request.Stop != nil {
		return q.request.Stop
	}
	return s.stop
}

// settle hands out what a step of n tokens brought a sequence.
func (s *scheduler) settle(q *sequence, n int) {
	if !q.writing() {
		s.mu.Lock()
		s.stats.PromptTokens += int64(n)
		s.mu.Unlock()
	}
	switch {
	case q.wantRows > 0:
		q.mailbox.mu.Lock()
		for _, r := range q.rows {
			q.mailbox.logits = append(q.mailbox.logits, r.Logits)
		}
		q.mailbox.mu.Unlock()
		q.mailbox.ring()
		if q.cache.Len() == q.prompt {
			s.finish(q, FinishLength, nil)
		}
	case len(q.rows) > 0:
		s.write(q)
	case q.rereading && q.cache.Len() == q.toRead():
		q.rereading = false
	}
}

// write takes the tokens that a sequence has chosen.
func (s *scheduler) write(q *sequence) {
	var finish string
	var err error
	before, guessed := len(q.tokens), len(q.rows)-1
	if !q.claim(func() { finish, err = q.take(s.stopOf(q)) }) {
		return
	}
	s.mu.Lock()
	s.stats.NewTokens += int64(len(q.tokens) - before)
	s.stats.DraftedTokens += int64(guessed)
	s.stats.AcceptedTokens += int64(q.held)
	s.mu.Unlock()
	if guessed > 0 {
		q.odds.observe(q.gram, guessed, q.held)
		s.odds.observe(q.gram, guessed, q.held)
	}
	if n := len(q.tokens) - 1; n < q.cache.Len() {
		q.cache.Truncate(n)
	}
	if finish != "" || err != nil {
		s.finish(q, finish, err)
		return
	}
	q.mailbox.ring()
}
