//go:build gpucgo

package gorgonia

import (
	"fmt"
	"reflect"
	"runtime"

	"gorgonia.org/cu"

	"github.com/medner/medner/internal/cuda"
)

// minVersion is CUDA 12.0, whose drivers are the first to take the PTX.
const minVersion = 12000

// Driver is the libcuda that the program is linked with.
type Driver struct{}

// Open checks the version of the driver. The error is [cuda.ErrOldDriver] below
// CUDA 12.0.
func Open() (cuda.Driver, error) {
	version, err := Driver{}.Version()
	if err != nil {
		return nil, err
	}
	if version < minVersion {
		return nil, fmt.Errorf("%w: it runs CUDA %d.%d, CUDA %d.%d is needed", cuda.ErrOldDriver,
			version/1000, version%1000/10, minVersion/1000, minVersion%1000/10)
	}
	return Driver{}, nil
}

// check turns an error of gorgonia.org/cu, whose type is not exported, into one of
// package cuda.
func check(call string, err error) error {
	if err == nil {
		return nil
	}
	v := reflect.ValueOf(err)
	if !v.CanInt() {
		return fmt.Errorf("%s: %w", call, err)
	}
	return &cuda.Error{Call: call, Code: int(v.Int()), Name: errorName(int(v.Int()))}
}

// Name returns "gorgonia".
func (Driver) Name() string { return "gorgonia" }

// Version returns the newest CUDA version that the driver runs, as 1000·major +
// 10·minor.
func (Driver) Version() (int, error) {
	v := cu.Version()
	if v < 0 {
		return 0, fmt.Errorf("cuDriverGetVersion: %w", cuda.ErrNoDriver)
	}
	return v, nil
}

// DeviceCount returns how many GPUs the driver shows.
func (Driver) DeviceCount() (int, error) {
	n, err := cu.NumDevices()
	return n, check("cuDeviceGetCount", err)
}

// Device describes a GPU.
func (d Driver) Device(ordinal int) (cuda.Device, error) {
	handle, err := cu.GetDevice(ordinal)
	if err != nil {
		err = check("cuDeviceGet", err)
		if n, countErr := d.DeviceCount(); countErr == nil {
			err = fmt.Errorf("%w: device %d, there are %d: %w", cuda.ErrNoDevice, ordinal, n, err)
		}
		return cuda.Device{}, err
	}
	device := cuda.Device{Ordinal: ordinal}
	if device.Name, err = handle.Name(); err != nil {
		return device, check("cuDeviceGetName", err)
	}
	memory, err := handle.TotalMem()
	if err != nil {
		return device, check("cuDeviceTotalMem", err)
	}
	device.Memory = uint64(memory)
	for _, a := range []struct {
		to        *int
		attribute cu.DeviceAttribute
	}{
		{&device.Major, cu.ComputeCapabilityMajor}, {&device.Minor, cu.ComputeCapabilityMinor},
		{&device.Multiprocessors, cu.MultiprocessorCount},
		{&device.SharedMemoryPerBlock, 97}, // the opt-in maximum, which gorgonia.org/cu doesn't name
		{&device.L2Bytes, cu.L2CacheSize},
		{&device.ClockKHz, cu.ClockRate}, {&device.MemoryKHz, cu.MemoryClockRate}, {&device.MemoryBusBits, cu.GlobalMemoryBusWidth},
	} {
		if *a.to, err = handle.Attribute(a.attribute); err != nil {
			return device, check("cuDeviceGetAttribute", err)
		}
	}
	return device, nil
}

// Open makes a context on a device of compute capability 8.0 or more. The error is
// [cuda.ErrOldDevice] for a device that has less.
func (d Driver) Open(ordinal int) (cuda.Context, error) {
	device, err := d.Device(ordinal)
	if err != nil {
		return nil, err
	}
	if device.Major < 8 {
		return nil, fmt.Errorf("%w: device %d (%s) has %d.%d, 8.0 is needed", cuda.ErrOldDevice, ordinal, device.Name, device.Major, device.Minor)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	handle, err := cu.Device(ordinal).MakeContext(cu.SchedAuto)
	if err != nil {
		return nil, check("cuCtxCreate", err)
	}
	return &Context{device: device, handle: handle, pins: map[cuda.Stream]*runtime.Pinner{}}, leave()
}
