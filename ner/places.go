package ner

import (
	"context"
	"slices"
	"sync"
)

// places holds the places of questions in flight, which all extractors share that derive
// from one. Whoever waits for places gets them in turn: first the tenant that has the
// fewest, and within a tenant who has waited longest.
type places struct {
	mu      sync.Mutex
	free    int
	taken   map[string]int // by tenant
	waiting []*waiter      // in order of arrival
}

// waiter waits for n places.
type waiter struct {
	tenant string
	n      int
	got    chan struct{} // closed once it has them
}

func newPlaces(n int) *places { return &places{free: n, taken: map[string]int{}} }

// acquire waits until n places are the tenant's, or until ctx ends, whose error it
// returns. There are at least n places in all.
func (p *places) acquire(ctx context.Context, tenant string, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{tenant: tenant, n: n, got: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.grant()
	p.mu.Unlock()
	select {
	case <-w.got:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	} else {
		p.give(tenant, n)
	}
	p.grant()
	return ctx.Err()
}

// release gives a place of a tenant back.
func (p *places) release(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(tenant, 1)
	p.grant()
}

// give makes n places of a tenant free. The caller holds the lock.
func (p *places) give(tenant string, n int) {
	p.free += n
	if p.taken[tenant] -= n; p.taken[tenant] == 0 {
		delete(p.taken, tenant)
	}
}

// grant gives places to those who wait, as long as there are enough for the next in
// turn. The caller holds the lock.
func (p *places) grant() {
	for len(p.waiting) > 0 {
		next := 0
		for i, w := range p.waiting {
			if p.taken[w.tenant] < p.taken[p.waiting[next].tenant] {
				next = i
			}
		}
		w := p.waiting[next]
		if w.n > p.free {
			return
		}
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.free -= w.n
		p.taken[w.tenant] += w.n
		close(w.got)
	}
}
