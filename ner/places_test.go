package ner

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// awaitWaiting waits until n callers wait for places.
func awaitWaiting(p *places, n int) {
	for {
		p.mu.Lock()
		waiting := len(p.waiting)
		p.mu.Unlock()
		if waiting == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPlacesGoToTenantsInTurn(t *testing.T) {
	p := newPlaces(3)
	require.NoError(t, p.acquire(t.Context(), "job", 3))
	order := make(chan string, 10)
	wait := func(tenant, name string, n int) {
		before := len(p.waiting)
		go func() {
			if p.acquire(t.Context(), tenant, n) == nil {
				order <- name
			}
		}()
		awaitWaiting(p, before+1)
	}
	wait("job", "job 1", 2)
	wait("job", "job 2", 1)
	wait("page", "page 1", 2)
	p.release("job")
	require.Empty(t, order, "the page has the next turn, and needs two")
	p.release("job")
	require.Equal(t, "page 1", <-order)
	p.release("job")
	p.release("page")
	require.Equal(t, "job 1", <-order)
	p.release("page")
	require.Equal(t, "job 2", <-order)
	for range 3 {
		p.release("job")
	}
	require.Equal(t, 3, p.free)
	require.Empty(t, p.taken)
}

func TestWaitersForPlacesMayLeave(t *testing.T) {
	p := newPlaces(2)
	require.NoError(t, p.acquire(t.Context(), "a", 2))
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- p.acquire(ctx, "b", 2) }()
	awaitWaiting(p, 1)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	require.ErrorIs(t, p.acquire(ctx, "b", 1), context.Canceled)
	p.release("a")
	require.NoError(t, p.acquire(t.Context(), "c", 1))
	require.Equal(t, map[string]int{"a": 1, "c": 1}, p.taken)
}
