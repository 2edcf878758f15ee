// Package parallel spreads a loop over the processors: for work on whole
// matrices at loading time. Steps of the decoder have kernels.Pool.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls fn with the ranges that cut [0, n) into parts of grain, on
// every processor, and returns one of the errors if there are any; the rest is then left
// undone.
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
