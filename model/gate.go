package model

import (
	"context"
	"sync"
)

// gate counts the requests in flight, from submit to finish, and refuses those
// that are too many or come too late.
type gate struct {
	batch int // requests that the batch holds
	queue int // requests that may wait beside them; -1: any number

	mu       sync.Mutex
	inFlight int
	draining bool
	empty    chan struct{} // closed once it is draining and nothing is in flight
}

// newGate reads queue as Options.Queue is to be read.
func newGate(batch, queue int) gate {
	switch {
	case queue == 0:
		queue = -1
	case queue < 0:
		queue = 0
	}
	return gate{batch: batch, queue: queue, empty: make(chan struct{})}
}

// enter lets a request in, or says why not.
func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.draining:
		return ErrDraining
	case g.queue >= 0 && g.inFlight >= g.batch+g.queue:
		return &QueueFullError{InFlight: g.inFlight, Waiting: g.queue}
	}
	g.inFlight++
	return nil
}

// leave notes that a request that entered has ended.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	if g.draining && g.inFlight == 0 {
		close(g.empty)
	}
}

// drain lets nothing more in, and returns the channel that is closed once
// nothing is in flight.
func (g *gate) drain() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.draining && g.inFlight == 0 {
		close(g.empty)
	}
	g.draining = true
	return g.empty
}

// Drain lets no further request in: calls that come after it return
// [ErrDraining]. It waits until the requests in flight, running and waiting,
// have ended, and returns nil; or until ctx ends, and returns its error; or
// until the model is closed, and returns [ErrClosed]. Requests are not let in
// again. Drain may be called several times, and from OnToken.
func (m *Model) Drain(ctx context.Context) error {
	s := m.scheduler
	empty := s.gate.drain()
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}
