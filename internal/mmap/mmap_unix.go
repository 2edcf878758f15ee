//go:build unix

package mmap

import (
	"os"

	"golang.org/x/sys/unix"
)

// granularity is what an offset must be a multiple of.
func granularity() int64 { return int64(os.Getpagesize()) }

func mapFile(f *os.File, offset int64, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), offset, size, unix.PROT_READ, unix.MAP_SHARED)
}

// releaseFile drops clean pages of a read-only mapping: advice, so that its
// failure means nothing.
func releaseFile(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }

func unmapFile(data []byte) error { return unix.Munmap(data) }
