package filelock

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Two open files exclude each other within one process too.
func TestLocksExclude(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Lock(context.Background(), path, func() { t.Error("waited for a free lock") })
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	waited := 0
	_, err = Lock(ctx, path, func() { waited++ })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, waited)

	time.AfterFunc(150*time.Millisecond, func() { _ = release() })
	again, err := Lock(context.Background(), path, nil)
	require.NoError(t, err)
	require.NoError(t, again())
}

func TestLockWithoutDirectory(t *testing.T) {
	_, err := Lock(context.Background(), filepath.Join(t.TempDir(), "none", "lock"), nil)
	require.Error(t, err)
}
