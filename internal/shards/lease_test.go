package shards

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/atomicfile"
)

// A lease whose folder is removed is an error, and no endless search.
func TestLeaseWithoutAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	require.NoError(t, os.Mkdir(dir, 0o700))
	l, err := newLease(filepath.Join(dir, "lease"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	got, err := l.claim()
	require.False(t, got)
	require.ErrorIs(t, err, fs.ErrNotExist)
	var write *atomicfile.WriteError
	require.ErrorAs(t, err, &write)
	_ = l.close()
	_, err = leases{time: time.Hour}.take(t.Context(), filepath.Join(dir, "lease"), 0, time.Hour)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A link to nothing in a lease's place can be neither taken nor read: the search for the
// lease ends with its context.
func TestLeaseThatIsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lease")
	if err := os.Symlink("nowhere", path); err != nil {
		t.Skip("the file system has no links")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := leases{time: time.Hour}.take(ctx, path, 0, time.Hour)
	require.Error(t, err)
}
