// Package cuda is the part of the CUDA driver API that the engine needs, as an
// interface: the wall between this project and NVIDIA's driver.
//
// Implementations: [github.com/medner/medner/internal/cuda/purego] opens
// libcuda at run time without cgo (build tag gpu);
// github.com/medner/medner/internal/cuda/gorgonia, a module of its own, goes
// through gorgonia.org/cu. Both pass the suite of package drivertest, which runs on
// a fake libcuda (package fake) where there is no GPU.
package cuda

import "time"

// Driver finds devices and opens contexts on them.
type Driver interface {
	// Name says how the driver is reached: "purego", "gorgonia".
	Name() string
	// Version returns the newest CUDA version that the driver runs, as
	// 1000·major + 10·minor: 12040 for 12.4.
	Version() (int, error)
	DeviceCount() (int, error)
	// Device describes the device number ordinal, counted from 0.
	Device(ordinal int) (Device, error)
	// Open makes a context on a device.
	Open(ordinal int) (Context, error)
}

// Device describes a GPU.
type Device struct {
	Ordinal              int
	Name                 string
	Major, Minor         int    // compute capability
	Memory               uint64 // bytes
	Multiprocessors      int
	SharedMemoryPerBlock int // bytes, for kernels that ask for more than 48 KiB (opt-in)
	L2Bytes              int
	ClockKHz, MemoryKHz  int // of processor and memory; 0: not told
	MemoryBusBits        int
}

// Bandwidth returns what the memory could deliver by its clock and the width of
// its bus, in bytes a second; 0 where the driver doesn't tell them.
func (d *Device) Bandwidth() float64 {
	return 2 * 1e3 * float64(d.MemoryKHz) * float64(d.MemoryBusBits) / 8 // data moves at both edges of the clock
}

// Handles of the driver. The zero Stream is the context's default stream.
type (
	// Ptr is an address in device memory; 0 is nil.
	Ptr uint64
	// Stream is a queue of work that is done in order.
	Stream uintptr
	// Event marks a point in a stream.
	Event uintptr
	// Module is loaded PTX.
	Module uintptr
	// Function is a kernel of a module.
	Function uintptr
	// Graph is work that was captured.
	Graph uintptr
	// Exec is a Graph that was instantiated, so that it can be launched.
	Exec uintptr
)

// Dim is the size of a grid (in blocks) or of a block (in threads).
type Dim struct{ X, Y, Z uint32 }

// FunctionAttribute names a property of a kernel.
type FunctionAttribute int

// The attributes, numbered as CUfunction_attribute.
const (
	MaxThreadsPerBlock     FunctionAttribute = 0
	SharedSizeBytes        FunctionAttribute = 1
	LocalSizeBytes         FunctionAttribute = 3
	NumRegs                FunctionAttribute = 4
	MaxDynamicSharedMemory FunctionAttribute = 8 // the one that may be set
)

// Context is the memory and the queues of one device. Methods other than Device,
// Do and Close may be called by one goroutine at a time, inside Do.
type Context interface {
	Device() Device
	// Do runs fn on a thread on which the context is current. Calls don't nest.
	Do(fn func() error) error
	// Close frees everything that the context holds.
	Close() error

	// MemInfo returns the free and the whole memory of the device, in bytes.
	MemInfo() (free, total uint64, err error)
	// Alloc returns device memory, aligned to 256 bytes.
	Alloc(bytes uint64) (Ptr, error)
	Free(Ptr) error
	// AllocPinned returns host memory that the device reads by itself.
	AllocPinned(bytes int) ([]byte, error)
	FreePinned([]byte) error

	// Copies and fills are queued in a stream. Host memory of a copy must stay
	// as it is until the stream is synchronised.
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
	// Wait makes work that is queued later in the stream wait for the event.
	Wait(Stream, Event) error
	// Elapsed returns the time between two events that have happened.
	Elapsed(from, to Event) (time.Duration, error)

	LoadModule(ptx []byte) (Module, error)
	UnloadModule(Module) error
	Function(m Module, name string) (Function, error)
	FunctionAttribute(Function, FunctionAttribute) (int, error)
	SetFunctionAttribute(Function, FunctionAttribute, int) error
	// Launch queues a kernel. Each argument takes 8 bytes: a Ptr, an integer,
	// or the bits of a float in the low half. The driver reads as many of the 8
	// bytes as the parameter of the kernel has.
	Launch(f Function, grid, block Dim, sharedBytes int, s Stream, args ...uint64) error

	// BeginCapture makes the work that is queued from now on part of a graph,
	// until EndCapture returns it. An implementation without graphs answers
	// ErrNoGraphs.
	BeginCapture(Stream) error
	EndCapture(Stream) (Graph, error)
	Instantiate(Graph) (Exec, error)
	LaunchGraph(Exec, Stream) error
	DestroyGraph(Graph) error
	DestroyExec(Exec) error
}
