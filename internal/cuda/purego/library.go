//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/medner/medner/internal/cuda"
)

// minVersion is CUDA 12.0, whose drivers are the first to take the PTX.
const minVersion = 12000

// library has the addresses of the functions of an opened libcuda.
type library struct {
	cuInit, cuDriverGetVersion, cuGetErrorName                                             uintptr
	cuDeviceGetCount, cuDeviceGet, cuDeviceGetName, cuDeviceTotalMem, cuDeviceGetAttribute uintptr
	cuCtxCreate, cuCtxDestroy, cuCtxSetCurrent                                             uintptr
	cuMemGetInfo, cuMemAlloc, cuMemFree, cuMemHostAlloc, cuMemFreeHost                     uintptr
	cuMemcpyHtoDAsync, cuMemcpyDtoHAsync, cuMemcpyDtoDAsync, cuMemsetD8Async               uintptr
	cuStreamCreate, cuStreamDestroy, cuStreamSynchronize, cuStreamWaitEvent                uintptr
	cuEventCreate, cuEventDestroy, cuEventRecord, cuEventElapsedTime                       uintptr
	cuModuleLoadDataEx, cuModuleUnload, cuModuleGetFunction                                uintptr
	cuFuncGetAttribute, cuFuncSetAttribute, cuLaunchKernel                                 uintptr
	cuStreamBeginCapture, cuStreamEndCapture                                               uintptr
	cuGraphInstantiate, cuGraphLaunch, cuGraphDestroy, cuGraphExecDestroy                  uintptr
}

// symbols maps the names of functions in libcuda, which CUDA 11.4 and later have,
// to the fields for their addresses.
func (l *library) symbols() map[string]*uintptr {
	return map[string]*uintptr{
		"cuInit":                      &l.cuInit,
		"cuDriverGetVersion":          &l.cuDriverGetVersion,
		"cuGetErrorName":              &l.cuGetErrorName,
		"cuDeviceGetCount":            &l.cuDeviceGetCount,
		"cuDeviceGet":                 &l.cuDeviceGet,
		"cuDeviceGetName":             &l.cuDeviceGetName,
		"cuDeviceTotalMem_v2":         &l.cuDeviceTotalMem,
		"cuDeviceGetAttribute":        &l.cuDeviceGetAttribute,
		"cuCtxCreate_v2":              &l.cuCtxCreate,
		"cuCtxDestroy_v2":             &l.cuCtxDestroy,
		"cuCtxSetCurrent":             &l.cuCtxSetCurrent,
		"cuMemGetInfo_v2":             &l.cuMemGetInfo,
		"cuMemAlloc_v2":               &l.cuMemAlloc,
		"cuMemFree_v2":                &l.cuMemFree,
		"cuMemHostAlloc":              &l.cuMemHostAlloc,
		"cuMemFreeHost":               &l.cuMemFreeHost,
		"cuMemcpyHtoDAsync_v2":        &l.cuMemcpyHtoDAsync,
		"cuMemcpyDtoHAsync_v2":        &l.cuMemcpyDtoHAsync,
		"cuMemcpyDtoDAsync_v2":        &l.cuMemcpyDtoDAsync,
		"cuMemsetD8Async":             &l.cuMemsetD8Async,
		"cuStreamCreate":              &l.cuStreamCreate,
		"cuStreamDestroy_v2":          &l.cuStreamDestroy,
		"cuStreamSynchronize":         &l.cuStreamSynchronize,
		"cuStreamWaitEvent":           &l.cuStreamWaitEvent,
		"cuEventCreate":               &l.cuEventCreate,
		"cuEventDestroy_v2":           &l.cuEventDestroy,
		"cuEventRecord":               &l.cuEventRecord,
		"cuEventElapsedTime":          &l.cuEventElapsedTime,
		"cuModuleLoadDataEx":          &l.cuModuleLoadDataEx,
		"cuModuleUnload":              &l.cuModuleUnload,
		"cuModuleGetFunction":         &l.cuModuleGetFunction,
		"cuFuncGetAttribute":          &l.cuFuncGetAttribute,
		"cuFuncSetAttribute":          &l.cuFuncSetAttribute,
		"cuLaunchKernel":              &l.cuLaunchKernel,
		"cuStreamBeginCapture_v2":     &l.cuStreamBeginCapture,
		"cuStreamEndCapture":          &l.cuStreamEndCapture,
		"cuGraphInstantiateWithFlags": &l.cuGraphInstantiate,
		"cuGraphLaunch":               &l.cuGraphLaunch,
		"cuGraphDestroy":              &l.cuGraphDestroy,
		"cuGraphExecDestroy":          &l.cuGraphExecDestroy,
	}
}

// libraries keeps the libraries that were opened, by path: a driver can't be
// closed.
var libraries struct {
	sync.Mutex
	handles map[string]uintptr
}

// Open opens the driver: the file that LibraryVariable names, or libcuda.so.1.
// The error is [cuda.ErrNoDriver] where there is none, [cuda.ErrOldDriver] where
// it is older than CUDA 12.0, [cuda.ErrNoDevice] where it finds no GPU.
func Open() (cuda.Driver, error) {
	path := os.Getenv(LibraryVariable)
	if path == "" {
		path = "libcuda.so.1"
	}
	libraries.Lock()
	defer libraries.Unlock()
	handle, ok := libraries.handles[path]
	if !ok {
		var err error
		if handle, err = purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL); err != nil {
			return nil, fmt.Errorf("%w: %w", cuda.ErrNoDriver, err)
		}
		if libraries.handles == nil {
			libraries.handles = map[string]uintptr{}
		}
		libraries.handles[path] = handle
	}
	return open(path, handle)
}

// open finds the functions of a library, checks its version and initialises it.
func open(path string, handle uintptr) (*Driver, error) {
	l := &library{}
	var missing []string
	for name, at := range l.symbols() {
		var err error
		if *at, err = purego.Dlsym(handle, name); err != nil {
			missing = append(missing, name)
		}
	}
	d := &Driver{l}
	if l.cuDriverGetVersion == 0 || l.cuInit == 0 {
		return nil, fmt.Errorf("%w: %s is no CUDA driver", cuda.ErrNoDriver, path)
	}
	version, err := d.Version()
	if err != nil {
		return nil, err
	}
	if version < minVersion {
		return nil, fmt.Errorf("%w: it runs CUDA %d.%d, CUDA %d.%d is needed", cuda.ErrOldDriver,
			version/1000, version%1000/10, minVersion/1000, minVersion%1000/10)
	}
	if missing != nil {
		return nil, fmt.Errorf("%w: %s lacks %s", cuda.ErrOldDriver, path, strings.Join(missing, ", "))
	}
	if err := l.check("cuInit", call(l.cuInit, 0)); err != nil {
		return nil, err
	}
	return d, nil
}

// call calls a function of the driver and returns its CUresult. Variables that
// arguments point to move to the heap: the stack may move during the call.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) int {
	r, _, _ := purego.SyscallN(function, args...)
	return int(int32(r))
}

// check returns the error of a CUresult, nil for success.
func (l *library) check(name string, code int) error {
	if code == 0 {
		return nil
	}
	e := &cuda.Error{Call: name, Code: code}
	text := new(*byte)
	if l.cuGetErrorName != 0 && call(l.cuGetErrorName, uintptr(code), uintptr(unsafe.Pointer(text))) == 0 && *text != nil {
		e.Name = goString(*text)
	}
	return e
}

// goString copies a string that ends at a zero byte.
func goString(p *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
