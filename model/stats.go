package model

import (
	"sync"
	"time"
)

// Stats counts what a model has done since it was opened, and what it holds.
type Stats struct {
	Running     int   // requests in the batch, when the latest step began
	Waiting     int   // requests in flight beside them
	CacheBytes  int64 // memory of the keys and values of running requests
	PrefixBytes int64 // memory of the prefix cache

	Steps          int64
	StepTime       time.Duration
	PromptTokens   int64 // prompt tokens read; what was read twice counts twice
	CachedTokens   int64 // prompt tokens found in the prefix cache
	NewTokens      int64 // tokens written
	DraftedTokens  int64 // drafted tokens that were verified
	AcceptedTokens int64 // drafted tokens that were accepted
}

// counters holds the statistics of a scheduler, all but Waiting.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

func (c *counters) update(fn func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.stats)
}

func (c *counters) get() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
