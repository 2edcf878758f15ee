package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/kernels"
)

func newBenchKernels() *cobra.Command {
	var (
		o              kernelbench.Options
		output, device string
	)
	cmd := &cobra.Command{
		Use:  "kernels",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "md", "csv", "json", "jsonl"); err != nil {
				return err
			}
			if o.Threads < 0 || o.Columns < 1 || o.Context < 1 || o.Time <= 0 {
				return usagef("--threads: expected 0 or more; --columns, --context and --time: more than 0")
			}
			if ordinal, ok, err := cudaOrdinal(device); err != nil {
				return err
			} else if ok {
				return benchCUDA(cmd, ordinal, o, output)
			}
			if err := checkKernelFilters(&o); err != nil {
				return err
			}
			var machine kernelbench.Machine
			return writeKernels(cmd, o, output, func(report func(kernelbench.Result)) (_ any, err error) {
				machine, err = kernelbench.Run(cmd.Context(), o, report)
				return machine, err
			}, func(w io.Writer) error { return describeMachine(w, machine) })
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&device, "device", "cpu", "`cpu|cuda[:N]`")
	fs.StringArrayVar(&o.Models, "shape", nil, "`MODEL` whose shapes to take: "+strings.Join(kernelbench.Models(), ", ")+"; may be repeated (default: all)")
	fs.StringArrayVar(&o.Kernels, "kernel", nil, "kernels whose name begins with `NAME`, such as \"gemv nf4\"; may be repeated (default: all)")
	fs.StringArrayVar(&o.Variants, "variant", nil, "instruction set `NAME`; may be repeated (default: all that the processor has)")
	fs.IntVar(&o.Threads, "threads", 0, "threads (default: the physical cores that this process may use)")
	fs.IntVar(&o.Columns, "columns", 128, "rows of activations that a gemm meets")
	fs.IntVar(&o.Context, "context", 512, "positions that attention sees")
	fs.DurationVar(&o.Time, "time", 200*time.Millisecond, "time for each measurement")
	fs.StringVarP(&output, "output", "o", "md", "`md|csv|json|jsonl`")
	return cmd
}

// checkKernelFilters makes unknown names, and instruction sets that aren't
// there, errors of usage.
func checkKernelFilters(o *kernelbench.Options) error {
	for _, name := range o.Models {
		if !slices.ContainsFunc(kernelbench.Models(), func(m string) bool { return strings.EqualFold(m, name) }) {
			return usagef("--shape %q: expected %s", name, strings.Join(kernelbench.Models(), ", "))
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
		if err := oneOf("variant", name, known...); err != nil {
			return err
		}
	}
	return nil
}

// cudaOrdinal reads --device; ok: it is a GPU.
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

// writeKernels runs measurements and writes them as they come; describe adds
// to a table what the machine could do.
func writeKernels(cmd *cobra.Command, o kernelbench.Options, output string, run func(report func(kernelbench.Result)) (machine any, err error), describe func(io.Writer) error) error {
	out, lines := cmd.OutOrStdout(), json.NewEncoder(cmd.OutOrStdout())
	table := csv.NewWriter(out)
	results := []kernelbench.Result{}
	var failed error
	keep := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	switch output {
	case "md":
		_, err := fmt.Fprint(out, "| variant | kernel | model | shape | µs | GB/s | GFLOP/s | of roofline | bound |\n|---|---|---|---|---:|---:|---:|---:|---|\n")
		keep(err)
	case "csv":
		keep(table.Write([]string{"variant", "kernel", "model", "shape", "seconds", "gb_per_s", "gflop_per_s", "roofline_share", "bound"}))
	}
	machine, err := run(func(r kernelbench.Result) {
		results = append(results, r)
		switch output {
		case "jsonl":
			keep(lines.Encode(r))
		case "csv":
			keep(table.Write([]string{r.Variant, r.Kernel, r.Model, r.Shape, fmt.Sprint(r.Seconds), fmt.Sprintf("%.3f", r.GBps), fmt.Sprintf("%.3f", r.GFLOPs), fmt.Sprintf("%.3f", r.Share), r.Bound}))
			table.Flush()
			keep(table.Error())
		case "md":
			_, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %.2f | %.1f | %.1f | %.0f %% | %s |\n", r.Variant, r.Kernel, r.Model, r.Shape, 1e6*r.Seconds, r.GBps, r.GFLOPs, 100*r.Share, r.Bound)
			keep(err)
		}
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	case len(results) == 0:
		return usagef("no kernel's name begins with %s", strings.Join(o.Kernels, ", "))
	case output == "json":
		lines.SetIndent("", "  ")
		return lines.Encode(struct {
			Machine any                  `json:"machine"`
			Results []kernelbench.Result `json:"results"`
		}{machine, results})
	case output == "md":
		return describe(out)
	}
	return nil
}

func describeMachine(out io.Writer, m kernelbench.Machine) error {
	_, err := fmt.Fprintf(out, "\n%d threads read %.1f GB/s from memory.\n", m.Threads, m.ReadGBps)
	for _, p := range m.Peaks {
		if err == nil {
			_, err = fmt.Fprintf(out, "%s computes %.1f GFLOP/s in float32, %.1f GOP/s in int8.\n", p.Variant, p.GFLOPs, p.Int8)
		}
	}
	if name, reason := kernels.Selected(); err == nil {
		_, err = fmt.Fprintf(out, "A model here runs on %s: %s.\n", name, reason)
	}
	return err
}
