package model

import (
	"context"

	"github.com/medner/medner/model/internal/backend"
)

// scorer is the task of a sequence whose caller wants the raw logits at its
// last positions, and no output.
type scorer struct {
	*sequence
	mailbox[[]float32]
	want int // positions, at the prompt's end
}

func newScorer(ctx context.Context, prompt []int32, adapter, want int) *scorer {
	t := &scorer{sequence: newSequence(ctx, prompt, adapter, 0), mailbox: newMailbox[[]float32](), want: want}
	t.task = t
	return t
}

// scoredRows is how many positions a step scores at most: rows of a large
// vocabulary take much memory.
const scoredRows = 64

// begin implements task.
func (t *scorer) begin(*scheduler) {}

// read implements task.
func (t *scorer) read(s *scheduler, at, n int) int {
	n = min(n, t.prompt-at)
	first := t.prompt - t.want
	if at+n > first {
		n = min(n, scoredRows)
	}
	t.rows = t.rows[:0]
	for range at + n - max(at, first) {
		t.rows = append(t.rows, backend.Row{Logits: make([]float32, s.vocab)})
	}
	return n
}

// settle implements task: it hands out the rows.
func (t *scorer) settle(s *scheduler) {
	for _, r := range t.rows {
		t.post(r.Logits)
	}
	if t.cache.Len() == t.prompt {
		s.finish(t.sequence, FinishLength, nil)
	}
}

// sharesPrefix implements task. Every position must be computed.
func (t *scorer) sharesPrefix() bool { return false }

// restarts implements task. The caller may have had rows already.
func (t *scorer) restarts() bool { return false }
