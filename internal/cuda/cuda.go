// Package cuda is the wall between this project and NVIDIA's driver: the
// part of the CUDA driver API that the engine needs, as an interface.
//
// Implementations: [github.com/medner/medner/internal/cuda/purego] opens
// libcuda at run time without cgo (build tag gpu);
// github.com/medner/medner/internal/cuda/gorgonia, a module of its own, goes
// through gorgonia.org/cu. Both pass package drivertest's suite, which runs
// on a fake libcuda where there is no GPU.
package cuda

import "time"

// Driver finds devices and opens contexts on them.
type Driver interface {
	// Name says how the driver is reached: "purego", "gorgonia".
	Name() string
	// Version is the newest CUDA version that the driver runs, as 1000·major + 10·minor.
	Version() (int, error)
	DeviceCount() (int, error)
	Device(ordinal int) (Device, error)
	// Open makes a context on a device.
	Open(ordinal int) (Context, error)
}

// Device describes a GPU.
type Device struct {
	Ordinal              int
	Name                 string
	Major, Minor         int // compute capability
	Memory               uint64
	Multiprocessors      int
	SharedMemoryPerBlock int // bytes, with the kernel's consent (opt-in)
	L2Bytes              int
	ClockKHz, MemoryKHz  int // 0: not told
	MemoryBusBits        int
}

// Bandwidth is what the memory could deliver by its clock and bus, in bytes a
// second; 0 where the driver doesn't tell.
func (d *Device) Bandwidth() float64 {
	return 2 * 1e3 * float64(d.MemoryKHz) * float64(d.MemoryBusBits) / 8 // at both edges of the clock
}

// Handles of the driver. The zero Stream is the context's default stream.
type (
	// Ptr is an address in device memory; 0 is nil.
	Ptr uint64
	// Stream is a queue of work, done in order.
	Stream uintptr
	// Event marks a point in a stream.
	Event uintptr
	// Module is loaded PTX.
	Module uintptr
	// Function is a kernel of a module.
	Function uintptr
	// Graph is captured work; Exec one that can be launched.
	Graph uintptr
	// Exec is an instantiated graph.
	Exec uintptr
)

// Dim is a grid or a block, in x, y, z.
type Dim struct{ X, Y, Z uint32 }

// FunctionAttribute is what can be asked of a kernel, or set.
type FunctionAttribute int

// Numbered as CUfunction_attribute.
const (
	MaxThreadsPerBlock     FunctionAttribute = 0
	SharedSizeBytes        FunctionAttribute = 1
	LocalSizeBytes         FunctionAttribute = 3
	NumRegs                FunctionAttribute = 4
	MaxDynamicSharedMemory FunctionAttribute = 8 // may be set
)

// Context is one device's memory and queues. Methods may be called by one
// goroutine at a time, inside Do.
type Context interface {
	Device() Device
	// Do runs fn on a thread on which the context is current. Calls don't nest.
	Do(fn func() error) error
	// Close frees everything that the context holds.
	Close() error

	MemInfo() (free, total uint64, err error)
	Alloc(bytes uint64) (Ptr, error)
	Free(Ptr) error
	// AllocPinned returns host memory that the device reads by itself.
	AllocPinned(bytes int) ([]byte, error)
	FreePinned([]byte) error

	// Copies are queued in a stream; host memory must stay as it is until the
	// stream is synchronised.
	CopyToDevice(dst Ptr, src []byte, s Stream) error
	CopyToHost(dst []byte, src Ptr, s Stream) error
	CopyOnDevice(dst, src Ptr, bytes uint64, s Stream) error
	Fill(dst Ptr, value byte, bytes uint64, s Stream) error

	NewStream() (Stream, error)
	DestroyStream(Stream) error
	Synchronize(Stream) error

	NewEvent() (Event, error)
	DestroyEvent(Event) error
	Record(Event, Stream) error
	// Wait makes later work in the stream wait for the event.
	Wait(Stream, Event) error
	Elapsed(from, to Event) (time.Duration, error)

	LoadModule(ptx []byte) (Module, error)
	UnloadModule(Module) error
	Function(m Module, name string) (Function, error)
	FunctionAttribute(Function, FunctionAttribute) (int, error)
	SetFunctionAttribute(Function, FunctionAttribute, int) error
	// Launch queues a kernel. Each argument takes 8 bytes: a Ptr, an integer,
	// or the bits of a float in the low half; the driver reads as many of them
	// as the kernel's parameter has.
	Launch(f Function, grid, block Dim, sharedBytes int, s Stream, args ...uint64) error

	// Graphs; an implementation may answer ErrNoGraphs to BeginCapture.
	BeginCapture(Stream) error
	EndCapture(Stream) (Graph, error)
	Instantiate(Graph) (Exec, error)
	LaunchGraph(Exec, Stream) error
	DestroyGraph(Graph) error
	DestroyExec(Exec) error
}
