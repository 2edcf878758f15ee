// Package parallel spreads a loop over the processors, for work on whole matrices
// while a model is loaded. The decoder's steps use kernels.Pool.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For cuts [0, n) into ranges of grain numbers and calls fn with each, on all
// processors at once. If a call fails, no further one begins, and one of the
// errors is returned.
func For(n, grain int, fn func(lo, hi int) error) error {
	parts := (n + grain - 1) / grain
	workers := min(runtime.GOMAXPROCS(0), parts)
	if workers <= 1 {
		if n > 0 {
			return fn(0, n)
		}
		return nil
	}
	var (
		next   atomic.Int64
		group  sync.WaitGroup
		once   sync.Once
		failed error
	)
	for range workers {
		group.Go(func() {
			for {
				part := int(next.Add(1)) - 1
				if part >= parts {
					return
				}
				if err := fn(part*grain, min((part+1)*grain, n)); err != nil {
					once.Do(func() { failed = err })
					next.Store(int64(parts))
				}
			}
		})
	}
	group.Wait()
	return failed
}
