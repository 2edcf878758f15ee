//go:build unix

package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SyncDir writes a directory to disk: the names of the files in it. File systems
// that can't do that are left alone.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if errors.Is(err, os.ErrPermission) {
		return nil // a directory that may be written and not read
	}
	if err != nil {
		return failed(path, err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return failed(path, err)
	}
	return nil
}
