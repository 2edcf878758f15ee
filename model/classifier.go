package model

import (
	"context"
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// classifier is the task of a sequence whose caller wants the scores of labels at its
// last positions, and no output.
type classifier struct {
	*sequence
	mailbox[struct{}]             // carries the ending only: the caller reads scores then
	first             int         // position whose scores are wanted
	scores            [][]float32 // by position from first on
}

// newClassifier prepares a checked request for a head of a number of labels.
func newClassifier(ctx context.Context, r ClassifyRequest, adapter, labels int) *classifier {
	t := &classifier{
		sequence: newSequence(ctx, r.Tokens, adapter, 0), mailbox: newMailbox[struct{}](),
		first: r.From, scores: make([][]float32, len(r.Tokens)-r.From),
	}
	t.task, t.shared = t, r.From
	t.patient, t.tenant, t.admitted = r.Patient, r.Tenant, r.Admitted
	numbers := make([]float32, len(t.scores)*labels)
	for i := range t.scores {
		t.scores[i] = numbers[i*labels:][:labels:labels]
	}
	return t
}

// begin implements task.
func (t *classifier) begin(*scheduler) {}

// read implements task.
func (t *classifier) read(_ *scheduler, at, n int) int {
	n = min(n, t.prompt-at)
	t.rows = t.rows[:0]
	for i := max(at, t.first); i < at+n; i++ {
		t.rows = append(t.rows, backend.Row{Scores: t.scores[i-t.first]})
	}
	return n
}

// settle implements task. The scores are handed out together, once all are there.
func (t *classifier) settle(s *scheduler) {
	if t.cache.Len() < t.prompt {
		return
	}
	t.timings.Prefill = time.Since(t.placed)
	for _, scores := range t.scores {
		if err := finite(scores); err != nil {
			s.finish(t.sequence, "", err)
			return
		}
	}
	s.finish(t.sequence, FinishLength, nil)
}

// sharesPrefix implements task.
func (t *classifier) sharesPrefix() bool { return true }

// restarts implements task. The caller has had nothing yet.
func (t *classifier) restarts() bool { return true }
