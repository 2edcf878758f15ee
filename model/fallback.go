package model

import (
	"context"
	"errors"
	"sync"

	"github.com/medner/medner/model/internal/backend"
)

// fallback is a backend that goes on with another device once its own is lost.
// The step that loses the device fails, and so do later steps with caches that
// were made on it.
type fallback struct {
	log  func(format string, args ...any)
	next func(context.Context) (backend.Backend, error) // opens the next device; nil: it was tried

	mu      sync.Mutex
	current backend.Backend
	lost    []backend.Backend // closed with the fallback: caches of theirs may still be open
}

func newFallback(b backend.Backend, log func(string, ...any), next func(context.Context) (backend.Backend, error)) *fallback {
	return &fallback{current: b, log: log, next: next}
}

// use returns the backend of the device in use.
func (f *fallback) use() backend.Backend {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// fallbackCache is a cache of one of the fallback's backends.
type fallbackCache struct {
	backend.Cache
	owner backend.Backend
}

// Fork implements backend.Cache.
func (c *fallbackCache) Fork(n int) backend.Cache {
	return &fallbackCache{c.Cache.Fork(n), c.owner}
}

// NewCache implements backend.Backend.
func (f *fallback) NewCache() backend.Cache {
	b := f.use()
	return &fallbackCache{b.NewCache(), b}
}

// Step implements backend.Backend.
func (f *fallback) Step(ctx context.Context, spans []backend.Span) error {
	b := f.use()
	inner := make([]backend.Span, len(spans))
	for i, s := range spans {
		c := s.Cache.(*fallbackCache)
		if c.owner != b {
			return backend.ErrLost
		}
		inner[i] = s
		inner[i].Cache = c.Cache
	}
	err := b.Step(ctx, inner)
	if errors.Is(err, backend.ErrLost) {
		f.replace(ctx, b, err)
	}
	return err
}

// replace opens the next device in place of b, which is lost. Where it can't, all
// further steps fail.
func (f *fallback) replace(ctx context.Context, b backend.Backend, cause error) {
	if f.next == nil {
		return
	}
	next := f.next
	f.next = nil
	f.log("%v; opening another device", cause)
	other, err := next(context.WithoutCancel(ctx))
	if err != nil {
		f.log("no other device: %v", err)
		return
	}
	f.log("going on with %s", other.Info().Device)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = append(f.lost, b)
	f.current = other
}

// Info implements backend.Backend.
func (f *fallback) Info() backend.Info { return f.use().Info() }

// Close implements backend.Backend.
func (f *fallback) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.lost {
		_ = b.Close() // fails on a lost device, whose memory is the driver's
	}
	f.lost = nil
	return f.current.Close()
}
