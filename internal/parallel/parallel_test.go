package parallel

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForCoversEveryIndexOnce(t *testing.T) {
	for _, c := range []struct{ n, grain int }{{0, 1}, {1, 1}, {7, 3}, {100, 1}, {100, 1000}, {64, 16}} {
		seen := make([]atomic.Int32, c.n)
		require.NoError(t, For(c.n, c.grain, func(lo, hi int) error {
			for i := lo; i < hi; i++ {
				seen[i].Add(1)
			}
			return nil
		}))
		for i := range seen {
			require.EqualValues(t, 1, seen[i].Load(), "%v: %d", c, i)
		}
	}
}

func TestForReturnsTheError(t *testing.T) {
	cause := errors.New("cause")
	err := For(1000, 1, func(lo, _ int) error {
		if lo == 3 {
			return cause
		}
		return nil
	})
	require.Equal(t, cause, err)
}
