package server

import (
	"context"
	"sync"
)

// flight counts the requests that use the model.
type flight struct {
	mu       sync.Mutex
	count    int
	draining bool
	empty    chan struct{} // closed once draining and none is in flight
	// ended is the parent of nothing, but its end cancels every request in flight.
	ended  context.Context
	cancel context.CancelCauseFunc
}

func newFlight() flight {
	ended, cancel := context.WithCancelCause(context.Background())
	return flight{empty: make(chan struct{}), ended: ended, cancel: cancel}
}

// enter lets a request in, and returns the context that it runs under and the
// function that ends it. It refuses one while the server drains.
func (f *flight) enter(ctx context.Context) (context.Context, func(), error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return nil, nil, errDraining
	}
	f.count++
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(f.ended, func() { cancel(context.Cause(f.ended)) })
	return ctx, func() {
		stop()
		cancel(nil)
		f.leave()
	}, nil
}

func (f *flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
	if f.draining && f.count == 0 {
		close(f.empty)
	}
}

// isDraining reports whether drain was called.
func (f *flight) isDraining() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draining
}

func (f *flight) drain(ctx context.Context) error {
	f.mu.Lock()
	if !f.draining && f.count == 0 {
		close(f.empty)
	}
	f.draining = true
	f.mu.Unlock()
	select {
	case <-f.empty:
		return nil
	case <-ctx.Done():
		f.cancel(errDraining)
		return ctx.Err()
	}
}
