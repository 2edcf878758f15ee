//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"math"
	"time"

	"github.com/medner/medner/internal/cuda"
)

// NewStream makes a queue that the default stream doesn't wait for.
func (c *Context) NewStream() (cuda.Stream, error) {
	const nonBlocking = 1
	if err := c.invoke("cuStreamCreate", c.l.cuStreamCreate, c.out(), nonBlocking); err != nil {
		return 0, err
	}
	return cuda.Stream(c.result()), nil
}

// DestroyStream destroys a stream once its work is done.
func (c *Context) DestroyStream(s cuda.Stream) error {
	return c.invoke("cuStreamDestroy", c.l.cuStreamDestroy, uintptr(s))
}

// Synchronize waits until a stream's work is done.
func (c *Context) Synchronize(s cuda.Stream) error {
	return c.invoke("cuStreamSynchronize", c.l.cuStreamSynchronize, uintptr(s))
}

// NewEvent makes an event that keeps the time.
func (c *Context) NewEvent() (cuda.Event, error) {
	if err := c.invoke("cuEventCreate", c.l.cuEventCreate, c.out(), 0); err != nil {
		return 0, err
	}
	return cuda.Event(c.result()), nil
}

// DestroyEvent destroys an event.
func (c *Context) DestroyEvent(e cuda.Event) error {
	return c.invoke("cuEventDestroy", c.l.cuEventDestroy, uintptr(e))
}

// Record puts an event after a stream's work so far.
func (c *Context) Record(e cuda.Event, s cuda.Stream) error {
	return c.invoke("cuEventRecord", c.l.cuEventRecord, uintptr(e), uintptr(s))
}

// Wait makes a stream's later work wait for an event.
func (c *Context) Wait(s cuda.Stream, e cuda.Event) error {
	return c.invoke("cuStreamWaitEvent", c.l.cuStreamWaitEvent, uintptr(s), uintptr(e), 0)
}

// Elapsed returns the time between two events that have happened.
func (c *Context) Elapsed(from, to cuda.Event) (time.Duration, error) {
	if err := c.invoke("cuEventElapsedTime", c.l.cuEventElapsedTime, c.out(), uintptr(from), uintptr(to)); err != nil {
		return 0, err
	}
	milliseconds := math.Float32frombits(uint32(c.result()))
	return time.Duration(float64(milliseconds) * float64(time.Millisecond)), nil
}

// BeginCapture makes the work that is queued next in a stream part of a graph.
func (c *Context) BeginCapture(s cuda.Stream) error {
	const threadLocal = 1 // contexts of other threads may go on allocating
	return c.invoke("cuStreamBeginCapture", c.l.cuStreamBeginCapture, uintptr(s), threadLocal)
}

// EndCapture ends the capture and returns the graph.
func (c *Context) EndCapture(s cuda.Stream) (cuda.Graph, error) {
	if err := c.invoke("cuStreamEndCapture", c.l.cuStreamEndCapture, uintptr(s), c.out()); err != nil {
		return 0, err
	}
	return cuda.Graph(c.result()), nil
}

// Instantiate makes a graph ready for launches.
func (c *Context) Instantiate(g cuda.Graph) (cuda.Exec, error) {
	if err := c.invoke("cuGraphInstantiate", c.l.cuGraphInstantiate, c.out(), uintptr(g), 0); err != nil {
		return 0, err
	}
	return cuda.Exec(c.result()), nil
}

// LaunchGraph queues a graph's work.
func (c *Context) LaunchGraph(e cuda.Exec, s cuda.Stream) error {
	return c.invoke("cuGraphLaunch", c.l.cuGraphLaunch, uintptr(e), uintptr(s))
}

// DestroyGraph destroys a graph. Execs that were made of it stay.
func (c *Context) DestroyGraph(g cuda.Graph) error {
	return c.invoke("cuGraphDestroy", c.l.cuGraphDestroy, uintptr(g))
}

// DestroyExec destroys an instantiated graph.
func (c *Context) DestroyExec(e cuda.Exec) error {
	return c.invoke("cuGraphExecDestroy", c.l.cuGraphExecDestroy, uintptr(e))
}
