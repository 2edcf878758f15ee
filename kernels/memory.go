package kernels

import "unsafe"

// allocateHeap returns n zeroed words aligned to 64 bytes.
func allocateHeap(n int) []uint32 {
	const line = 16 // words
	b := make([]uint32, n+line-1)
	at := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))/4) & (line - 1)
	return b[at : at+n : at+n]
}

// floats views words as the float32s that they hold.
func floats(words []uint32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(words))), len(words))
}

// Memory returns n zeroed words in memory of the kind that packed weights lie in: in
// large pages, where the system has them. The words must not be used after free.
func Memory(n int) (words []uint64, free func()) {
	half, release := allocate(2 * n)
	if release == nil {
		release = func() {}
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(half))), n), release
}

// inLargePages asks that x, if it is large, lie in large pages.
func inLargePages[T any](x []T) {
	if size := len(x) * int(unsafe.Sizeof(*new(T))); size >= hugePage {
		adviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), size))
	}
}

// hugePage is the size of a large page on most systems.
const hugePage = 2 << 20
