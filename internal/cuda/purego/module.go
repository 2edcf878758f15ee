//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/medner/medner/internal/cuda"
)

// LoadModule has the driver compile PTX for the device. An error has the messages
// of the driver's compiler.
func (c *Context) LoadModule(ptx []byte) (cuda.Module, error) {
	const errorLog, errorLogBytes = 5, 6 // CUjit_option
	image := make([]byte, len(ptx)+1)    // a zero byte ends it
	copy(image, ptx)
	log := c.log[:]
	clear(log)
	c.options = [...]int32{errorLog, errorLogBytes}
	c.values = [...]uintptr{uintptr(unsafe.Pointer(&c.log)), uintptr(len(log))}
	err := c.invoke("cuModuleLoadDataEx", c.l.cuModuleLoadDataEx, c.out(), c.address(image), uintptr(len(c.options)),
		uintptr(unsafe.Pointer(&c.options)), uintptr(unsafe.Pointer(&c.values)))
	if err != nil {
		if text, _, _ := bytes.Cut(log, []byte{0}); len(text) > 0 {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
		}
		return 0, err
	}
	return cuda.Module(c.result()), nil
}

// UnloadModule unloads a module.
func (c *Context) UnloadModule(m cuda.Module) error {
	return c.invoke("cuModuleUnload", c.l.cuModuleUnload, uintptr(m))
}

// Function finds a kernel by name.
func (c *Context) Function(m cuda.Module, name string) (cuda.Function, error) {
	text := append([]byte(name), 0)
	if err := c.invoke("cuModuleGetFunction", c.l.cuModuleGetFunction, c.out(), uintptr(m), c.address(text)); err != nil {
		return 0, fmt.Errorf("kernel %s: %w", name, err)
	}
	return cuda.Function(c.result()), nil
}

// FunctionAttribute returns an attribute of a kernel.
func (c *Context) FunctionAttribute(f cuda.Function, a cuda.FunctionAttribute) (int, error) {
	if err := c.invoke("cuFuncGetAttribute", c.l.cuFuncGetAttribute, c.out(), uintptr(a), uintptr(f)); err != nil {
		return 0, err
	}
	return int(int32(c.result())), nil
}

// SetFunctionAttribute changes an attribute of a kernel.
func (c *Context) SetFunctionAttribute(f cuda.Function, a cuda.FunctionAttribute, value int) error {
	return c.invoke("cuFuncSetAttribute", c.l.cuFuncSetAttribute, uintptr(f), uintptr(a), uintptr(value))
}

// Launch queues a kernel. The driver copies the arguments before it returns.
func (c *Context) Launch(f cuda.Function, grid, block cuda.Dim, sharedBytes int, s cuda.Stream, args ...uint64) error {
	if len(args) > maxArguments {
		return fmt.Errorf("%w: %d arguments, %d at most", cuda.ErrLaunch, len(args), maxArguments)
	}
	copy(c.arguments[:], args)
	for i := range args {
		c.pointers[i] = unsafe.Pointer(&c.arguments[i])
	}
	c.pointers[len(args)] = nil // for the fake driver, which counts them
	return c.invoke("cuLaunchKernel", c.l.cuLaunchKernel, uintptr(f),
		uintptr(grid.X), uintptr(grid.Y), uintptr(grid.Z), uintptr(block.X), uintptr(block.Y), uintptr(block.Z),
		uintptr(sharedBytes), uintptr(s), uintptr(unsafe.Pointer(&c.pointers)), 0)
}
