package model

import (
	"context"
	"slices"
	"sync"
)

// stepGuard breaks a step off once no caller waits for what it brings, or once a
// sequence arrives that goes before those which the step works for. Callers use it from
// their own goroutines.
type stepGuard struct {
	mu      sync.Mutex
	running []*sequence // in the step in progress; nil between steps
	callers int         // of running that have not left
	closed  bool        // every step is broken off
	// yields says that the step in progress is broken off where an urgent sequence
	// arrives; broken that this happened.
	yields, broken bool
	urgent         bool // an urgent sequence arrived since the scheduler last took in arrivals
	ctx            context.Context
	cancel         context.CancelFunc
}

// begin notes which sequences are in the step that begins, and returns the
// context that breaks it off. A context that was not cancelled serves the next
// step too. A step with a patient sequence makes way for urgent ones if it may; ok is
// false where it would have to at once.
func (g *stepGuard) begin(running []*sequence, mayYield bool) (ctx context.Context, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.yields = mayYield && slices.ContainsFunc(running, func(q *sequence) bool { return q.patient })
	g.broken = false
	if g.yields && g.urgent {
		return nil, false
	}
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
	return g.ctx, true
}

// end notes that the step is over. It reports whether an urgent sequence has broken the
// step off.
func (g *stepGuard) end() (broken bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = nil
	return g.broken
}

// arrive notes that an urgent sequence has entered the gate: a step that works for
// patient ones is broken off.
func (g *stepGuard) arrive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.urgent = true
	if g.running != nil && g.yields {
		g.broken = true
		g.cancel()
	}
}

// taken notes that the scheduler is about to take in what has arrived.
func (g *stepGuard) taken() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.urgent = false
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
