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
