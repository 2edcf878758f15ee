//go:build !gpu

package main

import (
	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels/bench"
)

// benchCUDA is not in this binary.
func benchCUDA(*cobra.Command, int, bench.Options, string) error {
	return hinted{cuda.ErrNotBuilt, "medner-gpu has it: make build-gpu, or go build -tags gpu"}
}
