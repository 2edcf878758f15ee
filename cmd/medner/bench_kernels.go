package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/internal/nearest"
	"github.com/medner/medner/kernels"
)

func newBenchKernels() *cobra.Command {
	var (
		o              kernelbench.Options
		output, device string
		verbose        bool
	)
	cmd := &cobra.Command{
		Use:  "kernels",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Threads = capThreads(cmd, o.Threads)
			if ordinal, ok, err := cudaOrdinal(device); err != nil {
				return err
			} else if ok {
				return benchGPU(cmd, ordinal, &o, output)
			}
			if err := checkKernelFilters(&o); err != nil {
				return err
			}
			if len(o.Variants) == 0 && !verbose {
				name, _ := kernels.Selected()
				o.Variants = []string{name}
			}
			return writeKernels(cmd, &o, output, func(report func(kernelbench.Result)) (kernelbench.Limits, error) {
				return kernelbench.Run(cmd.Context(), o, report)
			})
		},
	}
	fs := cmd.Flags()
	deviceFlag(fs, &device, false, "`cpu|cuda[:N]`")
	fs.StringArrayVar(&o.Models, "shape", nil, "`MODEL` whose shapes to take: "+strings.Join(kernelbench.Models(), ", ")+"; may be repeated (default: all)")
	fs.StringArrayVar(&o.Kernels, "kernel", nil, "kernels whose name begins with `NAME`, such as \"gemv nf4\"; may be repeated (default: all)")
	fs.StringArrayVar(&o.Variants, "variant", nil, "instruction set `NAME`; may be repeated (default: the one that runs)")
	fs.BoolVarP(&verbose, "verbose", "v", false, "all instruction sets that the processor has, a line each")
	intFlag(fs, &o.Threads, "threads", 0, 0, mostThreads, "threads (default: the physical cores that this process may use)")
	intFlag(fs, &o.Columns, "columns", 128, 1, 1<<14, "rows of activations that a gemm multiplies")
	intFlag(fs, &o.Context, "context", 512, 1, 1<<18, "positions that attention sees")
	durationFlag(fs, &o.Time, "time", 200*time.Millisecond, time.Hour, "time for each measurement")
	choose(fs, &output, "output,o", "md", kernelbench.Formats, "`md|csv|json|jsonl`")
	return cmd
}

// checkKernelFilters returns an error of usage for unknown names, and for
// instruction sets that this processor doesn't have.
func checkKernelFilters(o *kernelbench.Options) error {
	for _, name := range o.Models {
		if !slices.ContainsFunc(kernelbench.Models(), func(m string) bool { return strings.EqualFold(m, name) }) {
			return usagef("--shape %q: expected %s%s", name, strings.Join(kernelbench.Models(), ", "), nearest.Hint(name, kernelbench.Models(), ""))
		}
	}
	for _, name := range o.Variants {
		var known []string
		for _, v := range kernels.Variants() {
			known = append(known, v.Name)
			if v.Name == name && !v.Available {
				return usagef("--variant %s: %s", name, v.Reason)
			}
		}
		if !slices.Contains(known, name) {
			return usagef("--variant %q: expected %s%s", name, strings.Join(known, ", "), nearest.Hint(name, known, ""))
		}
	}
	return nil
}

// cudaOrdinal returns the number of the GPU that --device names; ok is false if
// it names the processors.
func cudaOrdinal(device string) (ordinal int, ok bool, err error) {
	number, ok := strings.CutPrefix(device, "cuda")
	switch {
	case device == "cpu" || device == "cuda":
		return 0, ok, nil
	case ok && strings.HasPrefix(number, ":"):
		n, err := strconv.ParseUint(number[1:], 10, 16)
		if err == nil {
			return int(n), true, nil
		}
	}
	return 0, false, usagef("--device %q: expected cpu, cuda or cuda:N", device)
}

// writeKernels runs measurements and writes each result as it comes.
func writeKernels(cmd *cobra.Command, o *kernelbench.Options, output string, run func(report func(kernelbench.Result)) (kernelbench.Limits, error)) error {
	w := kernelbench.NewWriter(cmd.OutOrStdout(), output)
	machine, err := run(w.Write)
	switch {
	case err != nil:
		return err
	case w.Results() == 0:
		return usagef("no kernel's name begins with %s", strings.Join(o.Kernels, ", "))
	}
	return w.Close(machine)
}
