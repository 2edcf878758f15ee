//go:build !unix

package kernels

// allocate returns n zeroed words, aligned to 64 bytes, which the collector
// releases.
func allocate(n int) (words []uint32, release func()) { return allocateHeap(n), nil }

// adviseHuge does nothing: only Linux takes such advice.
func adviseHuge([]byte) {}
