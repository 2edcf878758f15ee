package model

import (
	"context"
	"slices"
	"time"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/internal/backend"
)

// writer is the task of a sequence whose caller wants its continuation.
type writer struct {
	*sequence
	mailbox[Token]
	request   Request
	stop      []int32  // ids that end it
	limit     int      // length of tokens at which it ends
	penalised []uint64 // bitmap of the ids penalised; nil: no penalty

	draft    []int32 // ids expected after the latest token; the step verifies the first len(rows)-1
	gram     int     // length of the n-gram that the draft followed
	accepted int     // how many of the step's drafted ids were chosen
	odds     odds

	// Buffers that each step uses again.
	span    []int32         // the tokens that the step feeds
	rules   []choice.Rule   // by row
	choices []choice.Choice // by row
	masks   [][]uint64      // by row
	logits  [][]float32     // by row; nil unless Request.Top asks for them
	written []Token         // by the step

	// The lists in the reports of tokens are parts of these.
	probes []float32
	ranked []Ranked

	first time.Time // when the first token was written
}

// newWriter prepares a checked request that ends once prompt and output have
// limit tokens.
func newWriter(ctx context.Context, r Request, adapter, limit, vocab int, stop []int32) *writer {
	t := &writer{
		sequence: newSequence(ctx, r.Tokens, adapter, limit-len(r.Tokens)), mailbox: newMailbox[Token](),
		request: r, stop: stop, limit: limit,
	}
	t.task = t
	t.patient, t.tenant, t.admitted = r.Patient, r.Tenant, r.Admitted
	if r.Stop != nil {
		t.stop = r.Stop
	}
	if p := r.RepetitionPenalty; p != 0 && p != 1 {
		t.penalised = make([]uint64, (vocab+63)/64)
		if !r.PenaltySparesPrompt {
			for _, id := range r.Tokens {
				t.penalise(id)
			}
		}
	}
	return t
}

func (t *writer) penalise(id int32) {
	if t.penalised != nil {
		t.penalised[id/64] |= 1 << (id % 64)
	}
}

// sharesPrefix implements task.
func (t *writer) sharesPrefix() bool { return true }

// restarts implements task. What was written is read again.
func (t *writer) restarts() bool { return true }

// begin implements task.
func (t *writer) begin(s *scheduler) { t.odds = s.odds }

// lookup drafts up to most tokens, none of which ends the sequence.
func (t *writer) lookup(most int) {
	t.draft, t.gram = lookup(t.draft[:0], t.tokens, min(most, t.limit-len(t.tokens)-1))
	for i, id := range t.draft {
		if slices.Contains(t.stop, id) {
			t.draft = t.draft[:i]
			return
		}
	}
}

// read implements task. The step that reads the prompt's end chooses the first
// token; where tokens were written before, the next step does.
func (t *writer) read(s *scheduler, at, n int) int {
	n = min(n, t.toRead()-at)
	t.rows = t.rows[:0]
	if at+n == len(t.tokens) && !t.claim(func() { t.ask(1, s.vocab) }) {
		return 0
	}
	return n
}

// settle implements task: it takes the tokens that were chosen.
func (t *writer) settle(s *scheduler) {
	if len(t.rows) == 0 {
		if len(t.tokens) > t.prompt && t.cache.Len() == t.toRead() {
			t.phase = writing // again
		}
		return
	}
	var finish string
	var err error
	drafted := len(t.rows) - 1
	if !t.claim(func() { finish, err = t.accept() }) {
		// The caller has left, and admit ends the sequence. What its cache has of
		// drafted tokens must not get into the prefix cache.
		t.cache.Truncate(min(t.cache.Len(), len(t.tokens)))
		return
	}
	s.stats.update(func(st *Stats) {
		st.NewTokens += int64(len(t.written))
		st.DraftedTokens += int64(drafted)
		st.AcceptedTokens += int64(t.accepted)
	})
	if drafted > 0 {
		t.odds.observe(t.gram, drafted, t.accepted)
		s.odds.observe(t.gram, drafted, t.accepted)
	}
	if n := len(t.tokens) - 1; n < t.cache.Len() {
		t.cache.Truncate(n)
	}
	t.phase = writing
	t.note(t.timings)
	t.post(t.written...)
	if finish != "" || err != nil {
		s.finish(t.sequence, finish, err)
	}
}

// ask sets the rows of a step to n choices: one after the latest token, and one
// after each of the first n-1 drafted ids, under the penalty and the constraint
// that hold there. A drafted id that the constraint doesn't allow ends the rows
// early. ask runs inside claim.
func (t *writer) ask(n, vocab int) {
	for len(t.choices) < n {
		t.rules = append(t.rules, choice.Rule{})
		t.choices = append(t.choices, choice.Choice{ProbeLogProbs: make([]float32, 0, len(t.request.Probe))})
		t.masks = append(t.masks, nil)
		t.logits = append(t.logits, nil)
	}
	t.rows = t.rows[:0]
	constraint := t.request.Constraint
	for j := range n {
		if j > 0 && constraint != nil {
			id := t.draft[j-1]
			if mask := t.rules[j-1].Allowed; mask != nil && !has(mask, id) {
				return
			}
			if j == 1 {
				constraint = constraint.Fork()
			}
			constraint.Accept(id)
		}
		t.rows = append(t.rows, backend.Row{Rule: t.rule(j, constraint), Choice: &t.choices[j], Logits: t.ranking(j, vocab)})
	}
}

// rule returns the rule of row j, where constraint holds.
func (t *writer) rule(j int, constraint Constraint) *choice.Rule {
	rule := &t.rules[j]
	*rule = choice.Rule{Penalty: t.request.RepetitionPenalty, Penalised: t.penalised, Probes: t.request.Probe}
	if s := t.request.Sampling; s.Temperature > 0 {
		rule.Sampling = choice.Sampling{Temperature: s.Temperature, TopK: s.TopK, TopP: s.TopP, Seed: s.Seed, Position: len(t.tokens) + j}
	}
	if t.penalised != nil {
		rule.Drafted = t.draft[:j]
	}
	if constraint != nil {
		if allowed := constraint.Allowed(); allowed != nil {
			if t.masks[j] == nil {
				t.masks[j] = []uint64{} // an empty mask allows nothing, nil everything
			}
			t.masks[j] = append(t.masks[j][:0], allowed...)
			rule.Allowed = t.masks[j]
		}
	}
	return rule
}

// ranking returns the buffer for the logits of row j, from which the likeliest
// ids are reported; nil where none are asked for.
func (t *writer) ranking(j, vocab int) []float32 {
	if t.request.Top > 0 && t.logits[j] == nil {
		t.logits[j] = make([]float32, vocab)
	}
	return t.logits[j]
}

// has reports whether id is in the bitmap.
func has(bitmap []uint64, id int32) bool {
	return int(id/64) < len(bitmap) && bitmap[id/64]>>(id%64)&1 == 1
}

// accept takes the step's choices: the first, and each further one as long as
// the drafted id before it was the one chosen. It returns why the sequence
// ended, if it did. accept runs inside claim.
func (t *writer) accept() (finish string, err error) {
	t.written, t.accepted = t.written[:0], 0
	for j := range t.rows {
		c := &t.choices[j]
		if c.Err != nil {
			return "", c.Err
		}
		t.tokens = append(t.tokens, c.ID)
		t.penalise(c.ID)
		t.written = append(t.written, t.token(j))
		if slices.Contains(t.stop, c.ID) {
			finish = FinishStop
			break
		}
		if len(t.tokens) >= t.limit {
			finish = FinishLength
			break
		}
		if t.request.Constraint != nil {
			t.request.Constraint.Accept(c.ID)
		}
		if j+1 == len(t.rows) || t.draft[j] != c.ID {
			break
		}
		t.accepted++
	}
	t.noteTimes()
	return finish, nil
}

// noteTimes brings the timings up to a step that wrote.
func (t *writer) noteTimes() {
	now := time.Now()
	if t.first.IsZero() {
		t.first = now
		t.timings.Prefill = now.Sub(t.placed)
	}
	t.timings.Decode = now.Sub(t.first)
	t.timings.Steps++
	t.timings.DraftedTokens += len(t.rows) - 1
	t.timings.AcceptedTokens += t.accepted
}

// token reports the choice of row j.
func (t *writer) token(j int) Token {
	c := &t.choices[j]
	token := Token{ID: c.ID, LogProb: c.LogProb}
	if n := len(c.ProbeLogProbs); n > 0 {
		token.Probes = append(carve(&t.probes, n), c.ProbeLogProbs...)
	}
	if n := t.request.Top; n > 0 {
		token.Top = rank(carve(&t.ranked, n+1), t.logits[j], n, c)
	}
	return token
}

// carvings is how many parts carve allocates together.
const carvings = 64

// carve returns a part of *from with room for n items, and allocates for many
// parts where none is left.
func carve[T any](from *[]T, n int) []T {
	if cap(*from) < n {
		*from = make([]T, 0, carvings*n)
	}
	part := (*from)[:0:n]
	*from = (*from)[n:n]
	return part
}

// rank fills ranked, which is empty and has room for n+1, with the n likeliest
// ids of a row of logits, the likeliest first. c is a choice from the row: the
// sum of exponentials follows from its log-probability.
func rank(ranked []Ranked, logits []float32, n int, c *choice.Choice) []Ranked {
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
