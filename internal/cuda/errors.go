package cuda

import (
	"errors"
	"fmt"
)

// Reasons why a GPU can't be used, or can't go on. errors.Is of an *Error and one
// of them says whether the error's code stands for it.
var (
	ErrNoDriver    = errors.New("no NVIDIA driver")
	ErrNoDevice    = errors.New("no NVIDIA device")
	ErrOldDriver   = errors.New("the NVIDIA driver is too old")
	ErrOldDevice   = errors.New("the device's compute capability is too low")
	ErrOutOfMemory = errors.New("out of device memory")
	ErrLaunch      = errors.New("kernel launch failed")
	ErrDeviceLost  = errors.New("the device is lost")
	ErrNoGraphs    = errors.New("this driver binding has no graphs")
	ErrNotBuilt    = errors.New("this binary was built without GPU support")
)

// Error is an answer of the driver that is not success.
type Error struct {
	Call string // the driver's function: "cuMemAlloc_v2"
	Code int    // CUresult
	Name string // "CUDA_ERROR_OUT_OF_MEMORY"
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: error %d", e.Call, e.Code)
	}
	return fmt.Sprintf("%s: %s (%d)", e.Call, e.Name, e.Code)
}

// Is says whether the code of the error stands for a kind of error: see kinds.
func (e *Error) Is(kind error) bool { return kind != nil && kinds[e.Code] == kind }

// kinds has the error that each CUresult stands for.
var kinds = map[int]error{
	1:   ErrLaunch, // invalid value
	2:   ErrOutOfMemory,
	34:  ErrNoDriver, // a stub library
	35:  ErrOldDriver,
	46:  ErrDeviceLost, // unavailable
	100: ErrNoDevice,
	214: ErrDeviceLost, // uncorrectable ECC error
	222: ErrOldDriver,  // knows no PTX as new as ours
	700: ErrDeviceLost, // illegal address: the context is gone
	701: ErrLaunch,     // out of resources
	702: ErrDeviceLost, // timed out
	715: ErrDeviceLost, // illegal instruction
	716: ErrDeviceLost, // misaligned address
	718: ErrDeviceLost, // invalid program counter
	719: ErrDeviceLost, // unspecified launch failure
	803: ErrOldDriver,  // its two halves are of different versions
}
