//go:build gpucgo

package gorgonia

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/medner/medner/internal/cuda"
)

// Context is the memory and the queues of a device. It implements cuda.Context.
type Context struct {
	device cuda.Device
	handle cu.CUContext
	pins   map[cuda.Stream]*runtime.Pinner // hold the host memory that copies in a stream use
	closed bool

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
	if err := check("cuCtxSetCurrent", cu.SetCurrentContext(c.handle)); err != nil {
		return err
	}
	err := fn()
	if left := leave(); err == nil {
		err = left
	}
	return err
}

// leave makes no context current on the thread, so that a call outside Do fails
// every time.
func leave() error { return check("cuCtxSetCurrent", cu.SetCurrentContext(cu.CUContext{})) }

// Close frees everything that the context holds. Closing again does nothing.
func (c *Context) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	err := check("cuCtxDestroy", c.handle.Destroy())
	for _, p := range c.pins {
		p.Unpin()
	}
	return err
}

// MemInfo says how much memory the device has, and how much of it is free.
func (c *Context) MemInfo() (free, total uint64, err error) {
	f, t, err := cu.MemInfo()
	return uint64(f), uint64(t), check("cuMemGetInfo", err)
}

// Alloc allocates device memory.
func (c *Context) Alloc(bytes uint64) (cuda.Ptr, error) {
	p, err := cu.MemAlloc(int64(bytes))
	return cuda.Ptr(p), check("cuMemAlloc", err)
}

// Free frees device memory.
func (c *Context) Free(p cuda.Ptr) error { return check("cuMemFree", cu.MemFree(cu.DevicePtr(p))) }

// AllocPinned returns host memory that the device reads by itself.
func (c *Context) AllocPinned(bytes int) ([]byte, error) {
	p, err := hostAlloc(bytes)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), bytes), nil
}

// FreePinned frees what AllocPinned returned.
func (c *Context) FreePinned(b []byte) error {
	return check("cuMemFreeHost", cu.MemFreeHost(unsafe.Pointer(unsafe.SliceData(b))))
}

// pin keeps a slice where it is until the stream is synchronised.
func (c *Context) pin(b []byte, s cuda.Stream) unsafe.Pointer {
	p := c.pins[s]
	if p == nil {
		p = new(runtime.Pinner)
		c.pins[s] = p
	}
	p.Pin(unsafe.SliceData(b))
	return unsafe.Pointer(unsafe.SliceData(b))
}

func (c *Context) unpin(s cuda.Stream) {
	if p := c.pins[s]; p != nil {
		p.Unpin()
		delete(c.pins, s)
	}
}

// CopyToDevice queues a copy from the host.
func (c *Context) CopyToDevice(dst cuda.Ptr, src []byte, s cuda.Stream) error {
	if len(src) == 0 {
		return nil
	}
	return check("cuMemcpyHtoDAsync", cu.MemcpyHtoDAsync(cu.DevicePtr(dst), c.pin(src, s), int64(len(src)), to[cu.Stream](s)))
}

// CopyToHost queues a copy from the device.
func (c *Context) CopyToHost(dst []byte, src cuda.Ptr, s cuda.Stream) error {
	if len(dst) == 0 {
		return nil
	}
	return check("cuMemcpyDtoHAsync", cu.MemcpyDtoHAsync(c.pin(dst, s), cu.DevicePtr(src), int64(len(dst)), to[cu.Stream](s)))
}

// CopyOnDevice queues a copy within device memory.
func (c *Context) CopyOnDevice(dst, src cuda.Ptr, bytes uint64, s cuda.Stream) error {
	if bytes == 0 {
		return nil
	}
	return check("cuMemcpyDtoDAsync", cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), int64(bytes), to[cu.Stream](s)))
}

// Fill queues setting bytes of device memory to a value.
func (c *Context) Fill(dst cuda.Ptr, value byte, bytes uint64, s cuda.Stream) error {
	if bytes == 0 {
		return nil
	}
	return check("cuMemsetD8Async", cu.MemsetD8Async(cu.DevicePtr(dst), value, int64(bytes), to[cu.Stream](s)))
}

// NewStream makes a queue that the default stream doesn't wait for.
func (c *Context) NewStream() (cuda.Stream, error) {
	s, err := cu.MakeStream(cu.NonBlocking)
	return cuda.Stream(from(s)), check("cuStreamCreate", err)
}

// DestroyStream destroys a stream once its work is done.
func (c *Context) DestroyStream(s cuda.Stream) error {
	handle := to[cu.Stream](s)
	if err := check("cuStreamSynchronize", handle.Synchronize()); err != nil {
		return err
	}
	c.unpin(s)
	return check("cuStreamDestroy", handle.Destroy())
}

// Synchronize waits until a stream's work is done.
func (c *Context) Synchronize(s cuda.Stream) error {
	err := check("cuStreamSynchronize", to[cu.Stream](s).Synchronize())
	if err == nil {
		c.unpin(s)
	}
	return err
}

// NewEvent makes an event that keeps the time.
func (c *Context) NewEvent() (cuda.Event, error) {
	e, err := cu.MakeEvent(cu.DefaultEvent)
	return cuda.Event(from(e)), check("cuEventCreate", err)
}

// DestroyEvent destroys an event.
func (c *Context) DestroyEvent(e cuda.Event) error {
	handle := to[cu.Event](e)
	return check("cuEventDestroy", cu.DestroyEvent(&handle))
}

// Record puts an event after a stream's work so far.
func (c *Context) Record(e cuda.Event, s cuda.Stream) error {
	return check("cuEventRecord", to[cu.Event](e).Record(to[cu.Stream](s)))
}

// Wait makes a stream's later work wait for an event.
func (c *Context) Wait(s cuda.Stream, e cuda.Event) error {
	return check("cuStreamWaitEvent", to[cu.Stream](s).Wait(to[cu.Event](e), 0))
}

// Elapsed returns the time between two events that have happened.
func (c *Context) Elapsed(a, b cuda.Event) (time.Duration, error) {
	milliseconds, err := to[cu.Event](a).Elapsed(to[cu.Event](b))
	return time.Duration(milliseconds * float64(time.Millisecond)), check("cuEventElapsedTime", err)
}

// from returns a handle as a number, and to makes a handle of one: gorgonia.org/cu
// wraps handles in structures of one pointer.
func from[H any](h H) uintptr { return *(*uintptr)(unsafe.Pointer(&h)) }

func to[H any, N ~uintptr](n N) H { return *(*H)(unsafe.Pointer(&n)) }
