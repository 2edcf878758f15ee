//go:build gpu

package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/gpubench"
	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/model"
)

// benchGPU times the kernels of the GPU with that number.
func benchGPU(cmd *cobra.Command, ordinal int, o *kernelbench.Options, output string) (err error) {
	if len(o.Variants) > 0 || o.Threads > 0 {
		return usagef("--device cuda: expected no --variant and no --threads, which are for processors")
	}
	if len(o.Models) == 0 {
		o.Models = model.RandomShapes()[1:] // the first is for tests
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
		err = errors.Join(err, device.Close())
	}()
	return writeKernels(cmd, o, output, func(report func(kernelbench.Result)) (kernelbench.Limits, error) {
		return gpubench.Run(cmd.Context(), device, options, report)
	})
}
