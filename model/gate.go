package model

import (
	"context"
	"sync"
	"time"
)

// gate lets sequences in to the scheduler, from the callers' goroutines. It
// counts those in flight, from enter to leave, and refuses the ones that are too
// many or come too late.
type gate struct {
	batch  int           // sequences that the batch holds
	queue  int           // sequences that may wait beside them; -1: any number
	tokens int           // prompt tokens that may wait to be read; 0: any number
	wake   chan struct{} // of capacity 1: a sequence has arrived
	empty  chan struct{} // closed once the gate is draining and nothing is in flight

	mu       sync.Mutex
	inFlight int         // sequences from enter to leave
	counted  int         // of them, those that queue bounds
	unread   [2]int      // prompt tokens waiting to be read: of the sequences that tokens bounds, and of the others
	busy     time.Time   // when the first of the sequences in flight entered an idle gate
	rejected int64       // sequences that were not let in
	arrived  []*sequence // and not yet taken by the scheduler
	draining bool
	closed   bool
}

// newGate reads the options' Queue and QueueTokens.
func newGate(o Options) gate {
	queue := o.Queue
	switch {
	case queue == 0:
		queue = -1
	case queue < 0:
		queue = 0
	}
	return gate{batch: o.Batch, queue: queue, tokens: max(o.QueueTokens, 0), wake: make(chan struct{}, 1), empty: make(chan struct{})}
}

// enter lets a sequence in, or says why not.
func (g *gate) enter(q *sequence) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.refuses(q); err != nil {
		g.rejected++
		return err
	}
	if g.inFlight == 0 {
		g.busy = time.Now()
	}
	g.inFlight++
	if !q.admitted {
		g.counted++
	}
	q.unread = q.prompt
	g.unread[q.class()] += q.unread
	g.arrived = append(g.arrived, q)
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return nil
}

// refuses returns why a sequence isn't let in, nil if it is.
func (g *gate) refuses(q *sequence) error {
	switch {
	case g.closed:
		return ErrClosed
	case g.draining:
		return ErrDraining
	case q.admitted:
		return nil
	case g.queue >= 0 && g.counted >= g.batch+g.queue, g.tokens > 0 && g.unread[0] > 0 && g.unread[0]+q.prompt > g.tokens:
		return &QueueFullError{InFlight: g.counted, Waiting: max(g.queue, 0), Tokens: g.unread[0], TokenLimit: g.tokens}
	}
	return nil
}

// class returns the index in gate.unread of the sequence's prompt.
func (q *sequence) class() int {
	if q.admitted {
		return 1
	}
	return 0
}

// read notes that n tokens of a sequence's prompt don't wait any more.
func (g *gate) read(q *sequence, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n = min(n, q.unread)
	q.unread -= n
	g.unread[q.class()] -= n
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

// describe fills in what statistics have of the gate. Running is set already.
func (g *gate) describe(st *Stats) {
	g.mu.Lock()
	defer g.mu.Unlock()
	st.Waiting = max(0, g.inFlight-st.Running)
	st.QueuedTokens = g.unread[0] + g.unread[1]
	st.Rejected = g.rejected
	if g.inFlight > 0 {
		st.Pending = time.Since(later(g.busy, st.LastStep))
	}
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// count returns how many sequences are in flight.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight
}

// leave notes that a sequence that entered has ended.
func (g *gate) leave(q *sequence) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	if !q.admitted {
		g.counted--
	}
	g.unread[q.class()] -= q.unread
	q.unread = 0
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
