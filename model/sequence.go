package model

import (
	"context"
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// sequence is a request on its way through the scheduler, whose goroutine owns
// it. The caller's goroutine hears of it through the task's mailbox.
type sequence struct {
	ctx     context.Context
	task    task
	adapter int // index; -1: the base
	patient bool
	tenant  string // takes turns with others
	// admitted says that the caller bounds its requests: the gate's bounds don't count
	// the sequence.
	admitted bool
	// overtook says that the sequence was admitted before one that had waited
	// longer, see scheduler.next.
	overtook bool
	tokens   []int32 // prompt and output so far
	prompt   int     // length of the prompt
	shared   int     // leading tokens whose keys and values may come from another sequence

	phase phase
	cache backend.Cache // holds a prefix of tokens; nil until the first step that reads
	rows  []backend.Row // what the step asks at the last tokens that it feeds

	unread    int   // prompt tokens that the gate counts as waiting to be read
	lastStep  int64 // number of the latest step that wrote for the sequence
	submitted time.Time
	placed    time.Time // when it got its place in the batch
	timings   Timings
}

// task does with a sequence what its caller asked for: a [writer] writes tokens, a
// [scorer] returns logits, a [classifier] the scores of labels.
type task interface {
	// begin is called at each admission to the batch.
	begin(s *scheduler)
	// read decides how many tokens, n at most, a step reads from position at
	// on, and sets the sequence's rows. 0: the caller has left.
	read(s *scheduler, at, n int) int
	// settle takes what a step brought.
	settle(s *scheduler)
	// sharesPrefix reports whether keys and values may come from the prefix
	// cache and go there.
	sharesPrefix() bool
	// restarts reports whether the sequence can be read again from the start.
	restarts() bool
	// end tells the caller how the sequence ended.
	end(e ending)
	// abandon and isAbandoned are those of the mailbox.
	abandon()
	isAbandoned() bool
}

// newSequence prepares a sequence over a checked prompt, with room for the
// first tokens of an output of most tokens at most.
func newSequence(ctx context.Context, prompt []int32, adapter, most int) *sequence {
	tokens := make([]int32, 0, len(prompt)+min(most, 1024))
	return &sequence{
		ctx: ctx, adapter: adapter, tokens: append(tokens, prompt...), prompt: len(prompt), shared: len(prompt) - 1, submitted: time.Now(),
	}
}

// toRead returns how many tokens are read before the next one is written: the
// prompt, or, of a sequence that has written, all but the latest.
func (q *sequence) toRead() int { return max(q.prompt, len(q.tokens)-1) }
