//go:build unix

package mmap

import (
	"os"

	"golang.org/x/sys/unix"
)

// granularity returns the number of bytes that the offset of a mapping must be a
// multiple of.
func granularity() int64 { return int64(os.Getpagesize()) }

func mapFile(f *os.File, offset int64, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), offset, size, unix.PROT_READ, unix.MAP_SHARED)
}

// releaseFile drops the pages of a read-only mapping. The call is advice to the
// system, so its failure can be ignored.
func releaseFile(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }

func unmapFile(data []byte) error { return unix.Munmap(data) }
