package growth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder stands for a test, and records whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

var sink int

func TestLinear(t *testing.T) {
	once := func(n int) {
		for i := range n * 1000 {
			sink ^= i * i
		}
	}
	Linear(t, 1000, once)
	var r recorder
	Linear(&r, 30, func(n int) {
		for range n {
			once(n)
		}
	})
	require.True(t, r.failed)
}
