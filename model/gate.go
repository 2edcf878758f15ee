package model

import (
	"context"
	"sync"
)

// gate lets sequences in to the scheduler, from the callers' goroutines. It
// counts those in flight, from enter to leave, and refuses the ones that are too
// many or come too late.
type gate struct {
	batch int           // sequences that the batch holds
	queue int           // sequences that may wait beside them; -1: any number
	wake  chan struct{} // of capacity 1: a sequence has arrived
	empty chan struct{} // closed once the gate is draining and nothing is in flight

	mu       sync.Mutex
	inFlight int
	arrived  []*sequence // and not yet taken by the scheduler
	draining bool
	closed   bool
}

// newGate reads queue as Options.Queue is to be read.
func newGate(batch, queue int) gate {
	switch {
	case queue == 0:
		queue = -1
	case queue < 0:
		queue = 0
	}
	return gate{batch: batch, queue: queue, wake: make(chan struct{}, 1), empty: make(chan struct{})}
}

// enter lets a sequence in, or says why not.
func (g *gate) enter(q *sequence) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return ErrClosed
	case g.draining:
		return ErrDraining
	case g.queue >= 0 && g.inFlight >= g.batch+g.queue:
		return &QueueFullError{InFlight: g.inFlight, Waiting: g.queue}
	}
	g.inFlight++
	g.arrived = append(g.arrived, q)
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return nil
}

// take appends the sequences that arrived since the last call to list.
func (g *gate) take(list []*sequence) []*sequence {
	g.mu.Lock()
	defer g.mu.Unlock()
	list = append(list, g.arrived...)
	clear(g.arrived)
	g.arrived = g.arrived[:0]
	return list
}

// count returns how many sequences are in flight.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight
}

// leave notes that a sequence that entered has ended.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	if g.draining && g.inFlight == 0 {
		close(g.empty)
	}
}

// drain lets nothing more in.
func (g *gate) drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.draining && g.inFlight == 0 {
		close(g.empty)
	}
	g.draining = true
}

// close lets nothing more in.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// Drain lets no further request in: calls that come after it return
// [ErrDraining]. It waits until the requests in flight, running and waiting,
// have ended, and returns nil; or until ctx ends, and returns its error; or
// until the model is closed, and returns [ErrClosed]. Requests are not let in
// again. Drain may be called several times, and from OnToken.
func (m *Model) Drain(ctx context.Context) error {
	s := m.scheduler
	s.gate.drain()
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	select {
	case <-s.gate.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}
