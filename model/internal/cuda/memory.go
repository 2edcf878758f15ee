package cuda

import (
	"errors"
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/model/internal/backend"
)

// deviceError is an error of the driver that is also of a kind that package backend
// knows.
type deviceError struct {
	device string
	kind   error // backend.ErrMemory or backend.ErrLost
	err    error
}

func (e *deviceError) Error() string   { return fmt.Sprintf("%s: %v", e.device, e.err) }
func (e *deviceError) Unwrap() []error { return []error{e.kind, e.err} }

// explain adds the name of the device to an error of the driver.
func explain(device string, err error) error {
	var known *deviceError
	var memory *MemoryError
	switch {
	case err == nil || errors.As(err, &known) || errors.As(err, &memory):
		return err
	case errors.Is(err, driver.ErrDeviceLost):
		return &deviceError{device, backend.ErrLost, err}
	case errors.Is(err, driver.ErrOutOfMemory):
		return &deviceError{device, backend.ErrMemory, err}
	}
	return fmt.Errorf("%s: %w", device, err)
}

// arena is device memory and pinned host memory that is freed together.
type arena struct {
	ctx    driver.Context
	device []driver.Ptr
	pinned [][]byte
	bytes  int64 // of device memory
	dry    bool  // bytes are counted, and nothing is allocated
}

// alloc returns device memory, and 0 for no bytes.
func (a *arena) alloc(bytes int) (driver.Ptr, error) {
	if bytes == 0 {
		return 0, nil
	}
	if a.dry {
		a.bytes += int64(bytes)
		return 0, nil
	}
	p, err := a.ctx.Alloc(uint64(bytes))
	if err != nil {
		return 0, fmt.Errorf("allocate %d bytes: %w", bytes, err)
	}
	a.device = append(a.device, p)
	a.bytes += int64(bytes)
	return p, nil
}

// pin returns host memory that the device can read and write by itself.
func (a *arena) pin(bytes int) ([]byte, error) {
	if a.dry {
		return nil, nil
	}
	p, err := a.ctx.AllocPinned(bytes)
	if err != nil {
		return nil, fmt.Errorf("allocate %d bytes of pinned memory: %w", bytes, err)
	}
	a.pinned = append(a.pinned, p)
	return p, nil
}

// free frees all memory of the arena.
func (a *arena) free() error {
	var errs []error
	for _, p := range a.device {
		errs = append(errs, a.ctx.Free(p))
	}
	for _, p := range a.pinned {
		errs = append(errs, a.ctx.FreePinned(p))
	}
	a.device, a.pinned, a.bytes = nil, nil, 0
	return errors.Join(errs...)
}
