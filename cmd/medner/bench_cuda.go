//go:build gpu

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	gpubench "github.com/medner/medner/cmd/medner/internal/gpubench"
	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/model"
)

// benchCUDA times the kernels of a GPU.
func benchCUDA(cmd *cobra.Command, ordinal int, o kernelbench.Options, output string) (err error) {
	if len(o.Variants) > 0 || o.Threads > 0 {
		return usagef("--variant and --threads are of the processors, not of a GPU")
	}
	if len(o.Models) == 0 {
		o.Models = model.RandomShapes()[1:] // but for the tests' own
	}
	options := gpubench.Options{Precisions: []gpukernels.Precision{gpukernels.F32, gpukernels.Fast}, Kernels: o.Kernels, Columns: o.Columns, Context: o.Context, Time: o.Time}
	for _, name := range o.Models {
		c, err := model.RandomShape(name)
		if err != nil {
			return usagef("--shape %q: expected %s", name, strings.Join(model.RandomShapes(), ", "))
		}
		options.Shapes = append(options.Shapes, gpubench.Shape{Name: name, Hidden: c.HiddenSize, Intermediate: c.IntermediateSize,
			Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads, HeadDim: c.HeadDim, Vocab: c.VocabSize})
	}
	d, err := purego.Open()
	if err != nil {
		return err
	}
	device, err := d.Open(ordinal)
	if err != nil {
		return err
	}
	defer func() {
		if closed := device.Close(); err == nil {
			err = closed
		}
	}()
	var machine gpubench.Machine
	return writeKernels(cmd, o, output, func(report func(kernelbench.Result)) (_ any, err error) {
		machine, err = gpubench.Run(cmd.Context(), device, options, report)
		return machine, err
	}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "\n%s, compute capability %s, %d multiprocessors: %.0f GB/s by its memory's clock and bus, %.0f GB/s copied;\n%.0f GFLOP/s in float32, %.0f in bf16 on tensor cores, by its clock.\n",
			machine.Name, machine.Capability, machine.SMs, machine.MemoryGBps, machine.CopyGBps, machine.FLOPs, machine.TensorFLOPs)
		return err
	})
}
