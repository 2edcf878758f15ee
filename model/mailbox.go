package model

import "sync"

// mailbox carries items (tokens, or rows of logits) and the ending of a
// sequence from the scheduler's goroutine to the caller's. Its methods are the
// only ones to take its lock.
type mailbox[T any] struct {
	mu        sync.Mutex
	items     []T // posted and not yet taken
	ending    *ending
	abandoned bool
	noted     Timings       // up to the latest step that was noted
	wake      chan struct{} // of capacity 1
}

// ending says how a sequence ended.
type ending struct {
	finish  string // FinishStop or FinishLength; "" with an error
	err     error
	timings Timings
}

func newMailbox[T any]() mailbox[T] { return mailbox[T]{wake: make(chan struct{}, 1)} }

// post adds items and wakes the caller.
func (b *mailbox[T]) post(items ...T) {
	b.mu.Lock()
	b.items = append(b.items, items...)
	b.mu.Unlock()
	b.ring()
}

// end says that nothing follows, and wakes the caller.
func (b *mailbox[T]) end(e ending) {
	b.mu.Lock()
	b.ending = &e
	b.mu.Unlock()
	b.ring()
}

// ring wakes the caller; it never blocks.
func (b *mailbox[T]) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// arrived receives once something was posted since take was last called.
func (b *mailbox[T]) arrived() <-chan struct{} { return b.wake }

// note keeps the timings up to a step.
func (b *mailbox[T]) note(t Timings) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noted = t
}

// latest returns the timings that were noted last.
func (b *mailbox[T]) latest() Timings {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.noted
}

// take returns the items posted since the last call, and the ending once all
// are taken. buffer, the items of an earlier call or nil, is used again.
func (b *mailbox[T]) take(buffer []T) ([]T, *ending) {
	clear(buffer)
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = buffer[:0]
	return items, b.ending
}

// ended returns the ending, nil before it is there.
func (b *mailbox[T]) ended() *ending {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ending
}

// abandon says that the caller has left: from here on nothing that its request
// holds is touched.
func (b *mailbox[T]) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.abandoned = true
}

// isAbandoned reports whether the caller has left.
func (b *mailbox[T]) isAbandoned() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.abandoned
}

// claim runs fn, which may touch what the request holds, unless the caller has
// left. The caller can't leave meanwhile. claim reports whether fn ran.
func (b *mailbox[T]) claim(fn func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.abandoned {
		return false
	}
	fn()
	return true
}
