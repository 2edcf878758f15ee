package cuda

import "unsafe"

// number has the types of the numbers in tables. Device and host are little-endian.
type number interface{ int32 | uint64 | float32 }

// bytesOf returns the memory of x.
func bytesOf[T number](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(x[0])))
}

// viewOf returns a view of n numbers in data, which is aligned for them.
func viewOf[T number](data []byte, n int) []T {
	var one T
	if n == 0 {
		return nil
	}
	data = data[:n*int(unsafe.Sizeof(one))] // or panic
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), n)
}
