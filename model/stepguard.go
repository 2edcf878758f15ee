package model

import (
	"context"
	"slices"
	"sync"
)

// stepGuard breaks a step off once no caller waits for what it brings. Callers
// that leave in the middle of a step use it from their own goroutines.
type stepGuard struct {
	mu      sync.Mutex
	running []*sequence // in the step in progress; nil between steps
	callers int         // of running that have not left
	closed  bool        // every step is broken off
	ctx     context.Context
	cancel  context.CancelFunc
}

// begin notes which sequences are in the step that begins, and returns the
// context that breaks it off. A context that was not cancelled serves the next
// step too.
func (g *stepGuard) begin(running []*sequence) context.Context {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil || g.ctx.Err() != nil {
		g.ctx, g.cancel = context.WithCancel(context.Background())
	}
	g.running, g.callers = running, 0
	for _, q := range running {
		if !q.task.isAbandoned() {
			g.callers++
		}
	}
	if g.closed || g.callers == 0 {
		g.cancel()
	}
	return g.ctx
}

// end notes that the step is over.
func (g *stepGuard) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = nil
}

// leave gives a sequence up: from here on the scheduler doesn't touch what its
// request holds.
func (g *stepGuard) leave(q *sequence) {
	g.mu.Lock()
	defer g.mu.Unlock()
	q.task.abandon()
	if slices.Contains(g.running, q) {
		if g.callers--; g.callers == 0 {
			g.cancel()
		}
	}
}

// close breaks off the step in progress and all that follow.
func (g *stepGuard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.cancel != nil {
		g.cancel()
	}
}
