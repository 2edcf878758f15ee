// Package growth tests how the time of an algorithm grows with its input. How
// long it took says little on a machine that does other work; what the process
// computed, the least of several times and for two sizes, says enough.
package growth

import (
	"testing"
	"time"
)

const (
	times    = 8 // by which the larger input is larger
	bound    = 3 * times
	repeats  = 3 // of which the least time counts
	attempts = 4
)

// Linear fails the test if f takes time that grows faster than its input: more
// than 24-fold for one eight times as large. Quadratic time grows 64-fold. F is
// called with n and with 8 n, by no other test at the same time; it should take
// a millisecond for n at least.
func Linear(tb testing.TB, n int, f func(n int)) {
	tb.Helper()
	var small, large time.Duration
	for range attempts {
		small, large = least(f, n), least(f, times*n)
		if large <= bound*small {
			return
		}
	}
	tb.Errorf("%v for %d, %v for %d: that is no linear time", small, n, large, times*n)
}

func least(f func(int), n int) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range repeats {
		start := spent()
		f(n)
		best = min(best, spent()-start)
	}
	return best
}
