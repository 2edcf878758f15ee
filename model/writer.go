package model

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/internal/backend"
)

// sequence is a request on its way through the scheduler. The scheduler's
// goroutine owns all of it but mailbox, through which the caller's goroutine
// hears of it.
type sequence struct {
	ctx     context.Context
	request Request
	adapter int           // index; -1: the base
	tokens  []int32       // prompt and output so far
	prompt  int           // length of the prompt
	limit   int           // len(tokens) at which it ends
	cache   backend.Cache // nil until it has a place in the batch; holds a prefix of tokens
	seen    []uint64      // bitmap of the ids penalised; nil: no penalty
	odds    odds
	guesses []int32 // proposed for the step; the first len(rows)-1 are in it
	gram    int     // the length of the n-gram that they followed
	held    int     // how many of the step's guesses held

	// rereading: its cache was given up for want of memory after it had written
	// something. All but the latest token are read again.
	rereading bool

	// wantRows > 0 asks for the logits of the last so many positions of the
	// prompt, and for no output.
	wantRows int

	// What the step asks of it, in buffers that are used again.
	span    []int32
	rows    []backend.Row
	rules   []choice.Rule
	choices []choice.Choice
	masks   [][]uint64
	logits  [][]float32

	// Of which the reports of tokens have their parts.
	reported []float32
	ranked   []Ranked

	submitted, admitted, first time.Time
	timings                    Timings

	mailbox mailbox
}

// mailbox hands a sequence's outcome to the goroutine that waits for it.
type mailbox struct {
	mu        sync.Mutex
	tokens    []Token
	logits    [][]float32
	finish    string
	err       error
	timings   Timings
	done      bool
	abandoned bool          // the reader has left: its request must not be touched any more
	wake      chan struct{} // of capacity 1
}

// ring wakes the reader; it never blocks.
func (b *mailbox) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// newSequence prepares a checked request.
func newSequence(ctx context.Context, r Request, adapter, limit, vocab int) *sequence {
	s := &sequence{
		ctx: ctx, request: r, adapter: adapter, prompt: len(r.Tokens), limit: limit,
		tokens:    append(make([]int32, 0, min(limit, len(r.Tokens)+1024)), r.Tokens...),
		submitted: time.Now(),
	}
	s.mailbox.wake = make(chan struct{}, 1)
	if p := r.RepetitionPenalty; p != 0 && p != 1 {
		s.seen = make([]uint64, (vocab+63)/64)
		if !r.PenaltySparesPrompt {
			for _, id := range r.Tokens {
				s.penalise(id)
			}
		}
	}
	return s
}

func (s *sequence) penalise(id int32) {
	if s.seen != nil {
		s.seen[id/64] |= 1 << (id % 64)
	}
}

// writing says that the prompt was read: each step now writes at least a token.
func (s *sequence) writing() bool { return len(s.tokens) > s.prompt && !s.rereading }

// toRead is how many tokens are read before the next one is written.
func (s *sequence) toRead() int {
	if s.rereading {
		return len(s.tokens) - 1
	}
	return s.prompt
}

// ask fills rows with n choices: after the last token of the span's known
// part, and after each of n-1 guesses, under the penalty and the constraint
// that hold there. A guess that the constraint doesn't allow ends them early.
// The reader must not have left.
func (s *sequence) ask(n, vocab int) {
	for len(s.choices) < n {
		s.rules = append(s.rules, choice.Rule{})
		s.choices = append(s.choices, choice.Choice{ProbeLogProbs: make([]float32, 0, len(s.request.Probe))})
		s.masks = append(s.masks, nil)
		s.logits = append(s.logits, nil)
	}
	s.rows = s.rows[:0]
	constraint := s.request.Constraint
	for j := range n {
		if j > 0 && constraint != nil {
			guess := s.guesses[j-1]
			if mask := s.rules[j-1].Allowed; mask != nil && !has(mask, guess) {
				return
			}
			if j == 1 {
				constraint = constraint.Fork()
			}
			constraint.Accept(guess)
		}
		rule := &s.rules[j]
		*rule = choice.Rule{Penalty: s.request.RepetitionPenalty, Penalised: s.seen, Probes: s.request.Probe}
		if s.seen != nil {
			rule.Drafted = s.guesses[:j]
		}
		if constraint != nil {
			if allowed := constraint.Allowed(); allowed != nil {
				s.masks[j] = append(s.masks[j][:0], allowed...)
				rule.Allowed = s.masks[j]
			}
		}
		row := backend.Row{Rule: rule, Choice: &s.choices[j]}
		if s.request.Top > 0 {
			if s.logits[j] == nil {
				s.logits[j] = make([]float32, vocab)
			}
			row.Logits = s.logits[j]
		}
		s.rows = append(s.rows, row)
	}
}

// has reports whether id is in the bitmap.
func has(bitmap []uint64, id int32) bool {
	return int(id/64) < len(bitmap) && bitmap[id/64]>>(id%64)&1 == 1
}

// take accepts the step's choices: the first, and each further one as long as
// the guess that it stands on was right. It reports why the sequence ended, if
// it did. The reader must not have left.
func (s *sequence) take(stop []int32) (finish string, err error) {
	s.held = 0
	for j := range s.rows {
		c := &s.choices[j]
		if c.Err != nil {
			return "", c.Err
		}
		s.tokens = append(s.tokens, c.ID)
		s.penalise(c.ID)
		s.mailbox.tokens = append(s.mailbox.tokens, s.token(j))
		if slices.Contains(stop, c.ID) {
			finish = FinishStop
			break
		}
		if len(s.tokens) >= s.limit {
			finish = FinishLength
			break
		}
		if s.request.Constraint != nil {
			s.request.Constraint.Accept(c.ID)
		}
		if j+1 == len(s.rows) || s.guesses[j] != c.ID {
			break
		}
		s.held++
	}
	now := time.Now()
	if s.first.IsZero() {
		s.first = now
		s.timings.Prefill = now.Sub(s.admitted)
	}
	s.timings.Decode = now.Sub(s.first)
	s.timings.Steps++
	s.timings.DraftedTokens += len(s.rows) - 1
	s.timings.AcceptedTokens += s.held
	return finish, nil
}

// token is the report of choice j.
func (s *sequence) token(j int) Token {
	c := &s.choices[j]
	t := Token{ID: c.ID, LogProb: c.LogProb}
	if n := len(c.ProbeLogProbs); n > 0 {
		t.Probes = append(carve(&s.reported, n), c.ProbeLogProbs...)
	}
	if n := s.request.Top; n > 0 {
		t.Top = top(carve(&s.ranked, n+1), s.logits[j], n, c)
	}
	return t
}

// carvings is how many parts are allocated together.
const carvings = 64

// carve returns a part of *from with room for n, allocating for many where none
// is left.
func carve[T any](from *[]T, n int) []T {
	if cap(*from) < n {
		*from = make([]T, 0, carvings*n)
	}
	part := (*from)[:0:n]
	*from = (*from)[n:n]
	return part
}

// top appends the n likeliest ids of a row of logits, ranked, to nothing, with
// room for one more. The row's normaliser is known from the choice made there.
func top(ranked []Ranked, logits []float32, n int, c *choice.Choice) []Ranked {
	for id, l := range logits {
		if len(ranked) == n && l <= ranked[n-1].LogProb {
			continue
		}
		i := len(ranked)
		for i > 0 && ranked[i-1].LogProb < l {
			i--
		}
		ranked = slices.Insert(ranked, i, Ranked{int32(id), l})
		ranked = ranked[:min(len(ranked), n)]
	}
	norm := logits[c.ID] - c.LogProb
	for i := range ranked {
		if ranked[i].LogProb -= norm; ranked[i].ID == c.ID {
			ranked[i].LogProb = c.LogProb
		}
	}
	return ranked
}
