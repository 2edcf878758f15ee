//go:build unix

package mmap

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

// releaseFile drops clean pages of a read-only mapping: advice, so that its
// failure means nothing.
func releaseFile(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }

func unmapFile(data []byte) error { return unix.Munmap(data) }
