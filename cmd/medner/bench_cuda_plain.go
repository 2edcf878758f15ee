//go:build !gpu

package main

import (
	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/hint"
)

// benchCUDA is not in this binary.
func benchCUDA(*cobra.Command, int, kernelbench.Options, string) error {
	return hint.Add(cuda.ErrNotBuilt, "medner-gpu has it: make build-gpu, or go build -tags gpu")
}
