//go:build !gpu

package main

import (
	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/hint"
)

// benchGPU returns the error that this program has no support of GPUs.
func benchGPU(*cobra.Command, int, *kernelbench.Options, string) error {
	return hint.Add(cuda.ErrNotBuilt, "medner-gpu has it: make build-gpu, or go build -tags gpu")
}
