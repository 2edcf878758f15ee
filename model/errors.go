package model

import (
	"errors"
	"fmt"
	"time"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/internal/backend"
)

// Why a model takes no calls.
var (
	// ErrClosed: the model was closed, before the call or during it.
	ErrClosed = errors.New("model: closed")
	// ErrDraining: the call came after [Model.Drain].
	ErrDraining = errors.New("model: draining: no further requests are taken")
)

// Why a request failed that was well formed.
var (
	// ErrNotFinite: logits are NaN or infinite, as the weights or the arithmetic
	// on them overflow.
	ErrNotFinite = choice.ErrNotFinite
	// ErrNothingAllowed: a [Constraint] allows no token.
	ErrNothingAllowed = choice.ErrNothingAllowed
	// ErrMemory: the device has no room for the request. It can be met once
	// others have ended.
	ErrMemory = backend.ErrMemory
	// ErrLost: the device doesn't answer any more, and won't. What it held of
	// the request is gone; where other devices are named in Options.Device, the
	// next request is met by one of them.
	ErrLost = backend.ErrLost
)

// QueueFullError refuses a request because as many others are in flight as
// Options.Batch and Options.Queue let in, or because as many prompt tokens wait to be
// read as Options.QueueTokens lets wait. Trying again later may help.
type QueueFullError struct {
	InFlight   int // requests in the batch and waiting
	Waiting    int // how many of them may wait at most
	Tokens     int // prompt tokens that wait to be read
	TokenLimit int // how many of them may wait at most; 0: any number
	// RetryAfter is about how long it takes to read the prompts that wait, by the speed
	// at which the latest ones were read; 0: nothing was read yet.
	RetryAfter time.Duration
}

func (e *QueueFullError) Error() string {
	if e.TokenLimit > 0 && e.Tokens > 0 {
		return fmt.Sprintf("model: the queue is full: %d requests are in flight, and %d prompt tokens wait to be read, of %d at most", e.InFlight, e.Tokens, e.TokenLimit)
	}
	return fmt.Sprintf("model: the queue is full: %d requests are in flight, and at most %d may wait", e.InFlight, e.Waiting)
}

// ContextError says that a prompt leaves no room in the context.
type ContextError struct {
	PromptTokens int
	Limit        int // positions, prompt and output together
}

func (e *ContextError) Error() string { return e.Unwrap().Error() }

// Unwrap makes it bad input: trying again won't help.
func (e *ContextError) Unwrap() error {
	return badinput.New("", "prompt", fmt.Sprintf("%d tokens", e.PromptTokens),
		fmt.Sprintf("fewer than the context's %d", e.Limit))
}
