//go:build gpu

package model

import (
	"context"
	"errors"

	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/cuda"
)

func openCUDA(ctx context.Context, ordinal int, w *backend.Weights, o backend.Options) (backend.Backend, error) {
	d, err := purego.Open()
	if err != nil {
		return nil, deviceError{err}
	}
	b, err := cuda.New(ctx, d, ordinal, w, o)
	if err != nil {
		if unusable(ctx, err) {
			err = deviceError{err}
		}
		return nil, err
	}
	return b, nil
}

func estimateCUDA(ordinal int, w *backend.Weights, o backend.Options) (backend.Info, error) {
	d, err := purego.Open()
	if err != nil {
		return backend.Info{}, deviceError{err}
	}
	return cuda.Estimate(d, ordinal, w, o)
}

// deviceError is an error of a device, with a way out of it.
type deviceError struct{ error }

func (e deviceError) Unwrap() error { return e.error }

// Hint tells what to do about it.
func (e deviceError) Hint() string {
	var memory *cuda.MemoryError
	if errors.As(e.error, &memory) {
		return memory.Hint()
	}
	return "Options.Device cuda,cpu falls back to the processors"
}
