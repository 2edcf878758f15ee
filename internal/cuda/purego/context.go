//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/medner/medner/internal/cuda"
)

// maxArguments is how many arguments a kernel may take.
const maxArguments = 64

// scratch has the variables that calls of the driver read and write by address.
// They stay on the heap, so that no call allocates.
type scratch struct {
	out       [2]uint64 // results
	arguments [maxArguments]uint64
	pointers  [maxArguments + 1]unsafe.Pointer // to arguments; nil ends the list
	options   [2]int32                         // CUjit_option
	values    [2]uintptr                       // of the options
	log       [4 << 10]byte
	call      [11]uintptr
	host      []byte // the host memory of the last copy: a slice that is kept here is on the heap
}

// Context is the memory and the queues of a device. It implements cuda.Context.
type Context struct {
	l      *library
	device cuda.Device
	handle uintptr // 0: closed
	*scratch

	mutex sync.Mutex // held by Do
}

// Device describes the context's device.
func (c *Context) Device() cuda.Device { return c.device }

// Do runs fn on a thread on which the context is current.
func (c *Context) Do(fn func() error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.invoke("cuCtxSetCurrent", c.l.cuCtxSetCurrent, c.handle); err != nil {
		return err
	}
	err := fn()
	if left := c.leave(); err == nil {
		err = left
	}
	return err
}

// leave makes no context current on the thread, so that a call outside Do fails
// every time.
func (c *Context) leave() error { return c.invoke("cuCtxSetCurrent", c.l.cuCtxSetCurrent, 0) }

// Close frees everything that the context holds. Closing again does nothing.
func (c *Context) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	handle := c.handle
	if handle == 0 {
		return nil
	}
	c.handle = 0
	return c.invoke("cuCtxDestroy", c.l.cuCtxDestroy, handle)
}

// invoke calls a function of the driver without making garbage. Arguments must
// not point to the stack.
func (c *Context) invoke(name string, function uintptr, args ...uintptr) error {
	n := copy(c.call[:], args)
	r, _, _ := purego.SyscallN(function, c.call[:n]...)
	return c.l.check(name, int(int32(r)))
}

// out returns the address to which a call writes its result.
func (c *Context) out() uintptr { return uintptr(unsafe.Pointer(&c.scratch.out[0])) }

// result returns the result of the last call.
func (c *Context) result() uintptr { return uintptr(c.scratch.out[0]) }

// MemInfo says how much memory the device has, and how much of it is free.
func (c *Context) MemInfo() (free, total uint64, err error) {
	err = c.invoke("cuMemGetInfo", c.l.cuMemGetInfo, c.out(), uintptr(unsafe.Pointer(&c.scratch.out[1])))
	return c.scratch.out[0], c.scratch.out[1], err
}

// Alloc allocates device memory.
func (c *Context) Alloc(bytes uint64) (cuda.Ptr, error) {
	if err := c.invoke("cuMemAlloc", c.l.cuMemAlloc, c.out(), uintptr(bytes)); err != nil {
		return 0, err
	}
	return cuda.Ptr(c.result()), nil
}

// Free frees device memory.
func (c *Context) Free(p cuda.Ptr) error {
	return c.invoke("cuMemFree", c.l.cuMemFree, uintptr(p))
}

// AllocPinned returns host memory that the device reads by itself.
func (c *Context) AllocPinned(bytes int) ([]byte, error) {
	const portable = 1
	if err := c.invoke("cuMemHostAlloc", c.l.cuMemHostAlloc, c.out(), uintptr(bytes), portable); err != nil {
		return nil, err
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&c.scratch.out[0])), bytes), nil
}

// FreePinned frees what AllocPinned returned.
func (c *Context) FreePinned(b []byte) error {
	return c.invoke("cuMemFreeHost", c.l.cuMemFreeHost, c.address(b))
}

// address returns the address of a slice, which it keeps on the heap.
func (c *Context) address(b []byte) uintptr {
	c.host = b
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// CopyToDevice queues a copy from the host.
func (c *Context) CopyToDevice(dst cuda.Ptr, src []byte, s cuda.Stream) error {
	if len(src) == 0 {
		return nil
	}
	return c.invoke("cuMemcpyHtoDAsync", c.l.cuMemcpyHtoDAsync, uintptr(dst), c.address(src), uintptr(len(src)), uintptr(s))
}

// CopyToHost queues a copy from the device.
func (c *Context) CopyToHost(dst []byte, src cuda.Ptr, s cuda.Stream) error {
	if len(dst) == 0 {
		return nil
	}
	return c.invoke("cuMemcpyDtoHAsync", c.l.cuMemcpyDtoHAsync, c.address(dst), uintptr(src), uintptr(len(dst)), uintptr(s))
}

// CopyOnDevice queues a copy within device memory.
func (c *Context) CopyOnDevice(dst, src cuda.Ptr, bytes uint64, s cuda.Stream) error {
	if bytes == 0 {
		return nil
	}
	return c.invoke("cuMemcpyDtoDAsync", c.l.cuMemcpyDtoDAsync, uintptr(dst), uintptr(src), uintptr(bytes), uintptr(s))
}

// Fill queues setting bytes of device memory to a value.
func (c *Context) Fill(dst cuda.Ptr, value byte, bytes uint64, s cuda.Stream) error {
	if bytes == 0 {
		return nil
	}
	return c.invoke("cuMemsetD8Async", c.l.cuMemsetD8Async, uintptr(dst), uintptr(value), uintptr(bytes), uintptr(s))
}
