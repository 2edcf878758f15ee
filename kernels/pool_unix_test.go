//go:build unix

package kernels

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An idle pool takes no processor time.
func TestPoolSleeps(t *testing.T) {
	p := NewPool(4)
	defer p.Close()
	p.Run(100, 1, func(int, int) {})
	var used time.Duration
	for range 10 { // a collection of garbage may fall into one spell; a pool that never sleeps is busy in all
		time.Sleep(20 * time.Millisecond)
		before := processorTime(t)
		time.Sleep(200 * time.Millisecond)
		if used = processorTime(t) - before; used <= 50*time.Millisecond {
			return
		}
	}
	t.Fatalf("an idle pool used %v in 200 ms", used)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
