//go:build gpucgo

package gorgonia

// This file calls the functions of the driver that gorgonia.org/cu lacks.

// #include <cuda.h>
import "C"

import (
	"unsafe"

	"github.com/medner/medner/internal/cuda"
)

func result(call string, code C.CUresult) error {
	if code == C.CUDA_SUCCESS {
		return nil
	}
	return &cuda.Error{Call: call, Code: int(code), Name: errorName(int(code))}
}

func errorName(code int) string {
	var text *C.char
	if C.cuGetErrorName(C.CUresult(code), &text) != C.CUDA_SUCCESS {
		return ""
	}
	return C.GoString(text)
}

// hostAlloc allocates pinned memory.
func hostAlloc(bytes int) (unsafe.Pointer, error) {
	var p unsafe.Pointer
	err := result("cuMemHostAlloc", C.cuMemHostAlloc(&p, C.size_t(bytes), C.CU_MEMHOSTALLOC_PORTABLE))
	return p, err
}

func setFunctionAttribute(f cuda.Function, a cuda.FunctionAttribute, value int) error {
	return result("cuFuncSetAttribute", C.cuFuncSetAttribute(to[C.CUfunction](f), C.CUfunction_attribute(a), C.int(value)))
}
