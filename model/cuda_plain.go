//go:build !gpu

package model

import (
	"context"
	"fmt"

	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/model/internal/backend"
)

// errNotBuilt is cuda.ErrNotBuilt with the way out of it.
type errNotBuilt struct{}

func (errNotBuilt) Error() string { return fmt.Sprintf("device cuda: %v", cuda.ErrNotBuilt) }
func (errNotBuilt) Unwrap() error { return cuda.ErrNotBuilt }

// Hint tells what to do about it.
func (errNotBuilt) Hint() string {
	return "medner-gpu has it (make build-gpu, or go build -tags gpu); Options.Device cuda,cpu falls back to the processors"
}

func openCUDA(context.Context, int, *backend.Weights, backend.Options) (backend.Backend, error) {
	return nil, errNotBuilt{}
}

func estimateCUDA(int, *backend.Weights, backend.Options) (backend.Info, error) {
	return backend.Info{}, errNotBuilt{}
}
