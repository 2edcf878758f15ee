//go:build gpucgo

package gorgonia

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/medner/medner/internal/cuda"
)

// LoadModule has the driver compile PTX for the device.
func (c *Context) LoadModule(ptx []byte) (cuda.Module, error) {
	m, err := cu.LoadData(string(ptx))
	return cuda.Module(from(m)), check("cuModuleLoadData", err)
}

// UnloadModule unloads a module.
func (c *Context) UnloadModule(m cuda.Module) error {
	return check("cuModuleUnload", to[cu.Module](m).Unload())
}

// Function finds a kernel by name.
func (c *Context) Function(m cuda.Module, name string) (cuda.Function, error) {
	f, err := to[cu.Module](m).Function(name)
	if err = check("cuModuleGetFunction", err); err != nil {
		return 0, fmt.Errorf("kernel %s: %w", name, err)
	}
	return cuda.Function(from(f)), nil
}

// FunctionAttribute returns an attribute of a kernel.
func (c *Context) FunctionAttribute(f cuda.Function, a cuda.FunctionAttribute) (int, error) {
	n, err := to[cu.Function](f).Attribute(cu.FunctionAttribute(a))
	return n, check("cuFuncGetAttribute", err)
}

// SetFunctionAttribute changes an attribute of a kernel.
func (c *Context) SetFunctionAttribute(f cuda.Function, a cuda.FunctionAttribute, value int) error {
	return setFunctionAttribute(f, a, value)
}

// Launch queues a kernel.
func (c *Context) Launch(f cuda.Function, grid, block cuda.Dim, sharedBytes int, s cuda.Stream, args ...uint64) error {
	pointers := make([]unsafe.Pointer, len(args)) // each to 8 bytes, of which the driver reads what it needs
	for i := range args {
		pointers[i] = unsafe.Pointer(&args[i])
	}
	return check("cuLaunchKernel", to[cu.Function](f).Launch(int(grid.X), int(grid.Y), int(grid.Z),
		int(block.X), int(block.Y), int(block.Z), sharedBytes, to[cu.Stream](s), pointers))
}

// BeginCapture answers [cuda.ErrNoGraphs], as do the other methods for graphs.
func (c *Context) BeginCapture(cuda.Stream) error { return cuda.ErrNoGraphs }

// EndCapture answers ErrNoGraphs.
func (c *Context) EndCapture(cuda.Stream) (cuda.Graph, error) { return 0, cuda.ErrNoGraphs }

// Instantiate answers ErrNoGraphs.
func (c *Context) Instantiate(cuda.Graph) (cuda.Exec, error) { return 0, cuda.ErrNoGraphs }

// LaunchGraph answers ErrNoGraphs.
func (c *Context) LaunchGraph(cuda.Exec, cuda.Stream) error { return cuda.ErrNoGraphs }

// DestroyGraph answers ErrNoGraphs.
func (c *Context) DestroyGraph(cuda.Graph) error { return cuda.ErrNoGraphs }

// DestroyExec answers ErrNoGraphs.
func (c *Context) DestroyExec(cuda.Exec) error { return cuda.ErrNoGraphs }
