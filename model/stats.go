package model

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Stats counts what a model has done since it was opened, and what it holds.
type Stats struct {
	Running      int   // requests in the batch, when the latest step began
	Waiting      int   // requests in flight beside them
	QueuedTokens int   // prompt tokens of requests in flight that wait to be read
	CacheBytes   int64 // memory of the keys and values of running requests
	CacheTokens  int   // positions that they hold

	PrefixBytes     int64 // memory of the prefix cache
	PrefixBudget    int64 // the most that it may be; 0: there is no prefix cache
	PrefixTokens    int   // positions that the prefix cache holds
	PrefixEntries   int   // sequences that it holds positions of
	PrefixLookups   int64 // requests that looked for the beginning of their prompts
	PrefixHits      int64 // of them, those that found one, in the cache or in a running request
	PrefixEvictions int64 // entries that were dropped for the budget, or for room on the device

	Steps          int64
	StepTime       time.Duration
	Interrupted    int64 // of Steps, those that were broken off for a request that isn't patient
	PromptTokens   int64 // prompt tokens read; what was read twice counts twice
	CachedTokens   int64 // prompt tokens found in the prefix cache
	NewTokens      int64 // tokens written
	DraftedTokens  int64 // drafted tokens that were verified
	AcceptedTokens int64 // drafted tokens that were accepted

	Finished  int64 // requests that were met
	Cancelled int64 // requests whose callers left, or that the model's closing ended
	Failed    int64 // requests that ended with an error
	Rejected  int64 // requests that were not let in: the queue was full, or the model draining or closed

	LastStep time.Time // when the latest step was done; zero before the first
	// Pending is how long requests have been in flight without a step being done: 0
	// where none are in flight. A model that works keeps it at the duration of a step.
	Pending time.Duration
}

// counters holds the statistics of a scheduler, all but those that its gate counts.
type counters struct {
	mu    sync.Mutex
	stats Stats
	// Tokens of the prompts read lately and the seconds that their steps took, in which
	// each step counts a little less than the one after it.
	readTokens, readSeconds float64
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

// readMemory is the share of earlier steps that is left in counters.readTokens and
// readSeconds after another one.
const readMemory = 0.98

// observe notes a step that was done: the prompt tokens that it read, and how long it took.
func (c *counters) observe(read int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.LastStep = time.Now()
	c.stats.PromptTokens += int64(read)
	if read > 0 {
		c.readTokens = readMemory*c.readTokens + float64(read)
		c.readSeconds = readMemory*c.readSeconds + took.Seconds()
	}
}

// ended notes how a request ended: err is nil for one that was met.
func (c *counters) ended(err error) {
	c.update(func(st *Stats) {
		switch {
		case err == nil:
			st.Finished++
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrClosed):
			st.Cancelled++
		default:
			st.Failed++
		}
	})
}

// timeToRead estimates how long it takes to read a number of prompt tokens; 0 before any
// were read.
func (c *counters) timeToRead(tokens int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readTokens == 0 {
		return 0
	}
	return time.Duration(float64(tokens) * c.readSeconds / c.readTokens * float64(time.Second))
}
