//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"bytes"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/medner/medner/internal/cuda"
)

// Driver is an opened libcuda.
type Driver struct{ l *library }

// Name returns "purego".
func (d *Driver) Name() string { return "purego" }

// Version returns the newest CUDA version that the driver runs, as 1000·major +
// 10·minor.
func (d *Driver) Version() (int, error) {
	v := new(int32)
	err := d.l.check("cuDriverGetVersion", call(d.l.cuDriverGetVersion, uintptr(unsafe.Pointer(v))))
	return int(*v), err
}

// DeviceCount returns how many GPUs the driver shows.
func (d *Driver) DeviceCount() (int, error) {
	n := new(int32)
	err := d.l.check("cuDeviceGetCount", call(d.l.cuDeviceGetCount, uintptr(unsafe.Pointer(n))))
	return int(*n), err
}

// handle returns the driver's handle of a device.
func (d *Driver) handle(ordinal int) (uintptr, error) {
	device := new(int32)
	if err := d.l.check("cuDeviceGet", call(d.l.cuDeviceGet, uintptr(unsafe.Pointer(device)), uintptr(ordinal))); err != nil {
		n, countErr := d.DeviceCount()
		if countErr != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: device %d, there are %d: %w", cuda.ErrNoDevice, ordinal, n, err)
	}
	return uintptr(*device), nil
}

// Device describes a GPU.
func (d *Driver) Device(ordinal int) (cuda.Device, error) {
	handle, err := d.handle(ordinal)
	if err != nil {
		return cuda.Device{}, err
	}
	device := cuda.Device{Ordinal: ordinal}
	name := make([]byte, 256)
	if err := d.l.check("cuDeviceGetName", call(d.l.cuDeviceGetName, uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), handle)); err != nil {
		return device, err
	}
	name, _, _ = bytes.Cut(name, []byte{0})
	device.Name = string(name)
	memory := new(uint64)
	if err := d.l.check("cuDeviceTotalMem", call(d.l.cuDeviceTotalMem, uintptr(unsafe.Pointer(memory)), handle)); err != nil {
		return device, err
	}
	device.Memory = *memory
	for _, a := range []struct {
		to     *int
		number uintptr // CUdevice_attribute
	}{
		{&device.Major, 75}, {&device.Minor, 76},
		{&device.Multiprocessors, 16},
		{&device.SharedMemoryPerBlock, 97},
		{&device.L2Bytes, 38},
		{&device.ClockKHz, 13}, {&device.MemoryKHz, 36}, {&device.MemoryBusBits, 37},
	} {
		v := new(int32)
		if err := d.l.check("cuDeviceGetAttribute", call(d.l.cuDeviceGetAttribute, uintptr(unsafe.Pointer(v)), a.number, handle)); err != nil {
			return device, err
		}
		*a.to = int(*v)
	}
	return device, nil
}

// Open makes a context on a device of compute capability 8.0 or more. The error is
// [cuda.ErrOldDevice] for a device that has less.
func (d *Driver) Open(ordinal int) (cuda.Context, error) {
	device, err := d.Device(ordinal)
	if err != nil {
		return nil, err
	}
	if device.Major < 8 {
		return nil, fmt.Errorf("%w: device %d (%s) has %d.%d, 8.0 is needed", cuda.ErrOldDevice, ordinal, device.Name, device.Major, device.Minor)
	}
	handle, err := d.handle(ordinal)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := &Context{l: d.l, device: device, scratch: new(scratch)}
	if err := c.invoke("cuCtxCreate", d.l.cuCtxCreate, c.out(), 0, handle); err != nil {
		return nil, err
	}
	c.handle = c.result()
	return c, c.leave() // creating made it current
}
