// Package growth tests how the time of an algorithm grows with its input. The
// time that passes says little on a machine that does other work. Compared are
// the processor times that this process took for two sizes of input, the least
// of several attempts each.
package growth

import (
	"testing"
	"time"
)

const (
	times    = 8         // the larger input is so many times as large
	bound    = 3 * times // its time may be so many times as long
	repeats  = 3         // measurements of one size; the least counts
	attempts = 4         // comparisons; one within the bound is enough
)

// Linear fails the test if the time of f grows faster than its input: more than
// 24-fold from n to 8 n. Quadratic time grows 64-fold. No other test may run at
// the same time, and f(n) should take a millisecond at least.
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

// least returns the least processor time that f(n) took.
func least(f func(int), n int) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range repeats {
		start := spent()
		f(n)
		best = min(best, spent()-start)
	}
	return best
}
