//go:build unix

package kernels

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// allocate returns n zeroed words, aligned to 64 bytes, and a function that releases
// them; nil if the collector does. Many words lie outside the Go heap, as the
// collector would otherwise let garbage grow as large as the weights are.
func allocate(n int) (words []uint32, release func()) {
	if n < 1<<16 {
		return allocateHeap(n), nil
	}
	mem, err := unix.Mmap(-1, 0, 4*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return allocateHeap(n), nil
	}
	adviseHuge(mem)
	return unsafe.Slice((*uint32)(unsafe.Pointer(&mem[0])), n), func() { _ = unix.Munmap(mem) }
}
