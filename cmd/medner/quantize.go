package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/internal/quantize"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// writable maps the values of --to to formats.
var writable = map[string]quant.Format{"nf4": quant.NF4, "fp4": quant.FP4, "bf16": quant.BF16, "f16": quant.F16, "f32": quant.F32}

func newQuantize() *cobra.Command {
	var (
		path, to, output string
		double           bool
	)
	cmd := &cobra.Command{
		Use:  "quantize [DIR|GGUF]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if double && to != "nf4" && to != "fp4" {
				return usagef("--double-quant: expected --to nf4 or fp4, found %s", to)
			}
			path, err := modelArgument(path, args)
			if err != nil {
				return err
			}
			files, err := modelstore.Locate(path)
			if err != nil {
				return err
			}
			return runQuantize(cmd, files.Base, output, quantize.Options{To: writable[to], DoubleQuant: double})
		},
	}
	cmd.Flags().StringVar(&path, "model", "", "model `DIR` or GGUF file (default: the default model's base)")
	choose(cmd.Flags(), &to, "to", "nf4", []string{"nf4", "fp4", "bf16", "f16", "f32"}, "write weights as `nf4|fp4|bf16|f16|f32`")
	cmd.Flags().BoolVar(&double, "double-quant", false, "hold the scales of 4-bit weights in 8 bits too")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`DIR` to write, which must be new or empty")
	cobra.CheckErr(cmd.MarkFlagRequired("output"))
	return cmd
}

// modelArgument returns the model that a flag or an argument names; "" if
// neither does.
func modelArgument(flag string, args []string) (string, error) {
	switch {
	case len(args) > 0 && flag != "":
		return "", usagef("--model %s and %s: expected one model", flag, args[0])
	case len(args) > 0:
		return args[0], nil
	}
	return flag, nil
}

// runQuantize writes the model and prints the sizes before and after.
func runQuantize(cmd *cobra.Command, path, output string, o quantize.Options) error {
	src, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	before, err := sizeOf(path)
	if err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	for _, warning := range src.Warnings {
		fmt.Fprintln(stderr, "medner: "+warning)
	}
	if few, err := ofFewBits(src); err != nil {
		return err
	} else if few && (o.To == quant.NF4 || o.To == quant.FP4) {
		fmt.Fprintf(stderr, "medner: %s: weights of 4 bits are rounded a second time, to other ones\n", path)
	}
	if isTerminal(stderr) {
		bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription("quantising"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		o.Progress = func(done, total int) {
			bar.ChangeMax(total)
			_ = bar.Set(done)
		}
		defer func() { _ = bar.Finish() }()
	}
	if err := quantize.Convert(cmd.Context(), src, output, o); err != nil {
		return err
	}
	after, err := sizeOf(output)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: weights of %s\n%s: weights of %s, %.1f %% of it\n",
		path, humanize.Bytes(uint64(before)), output, humanize.Bytes(uint64(after)), 100*float64(after)/float64(before))
	return err
}

// ofFewBits says whether a linear map of a model is held in 4 bits.
func ofFewBits(src *checkpoint.Checkpoint) (bool, error) {
	for _, w := range src.Weights() {
		if w.Kind != checkpoint.Linear {
			continue
		}
		m, err := src.Matrix(w.Name)
		if err != nil {
			return false, err
		}
		switch m.Format() {
		case quant.NF4, quant.FP4, quant.U4, quant.Q4_0, quant.Q4_1, quant.Q4_K:
			return true, nil
		}
	}
	return false, nil
}

// sizeOf returns the size in bytes of a model's weight files.
func sizeOf(path string) (size int64, err error) {
	paths, err := files.Glob(path, "*.safetensors")
	if err != nil {
		return 0, err
	}
	if len(paths) == 0 {
		paths = []string{path}
	}
	for _, p := range paths {
		info, err := files.Stat(p) // a link in the hub's cache leads to the file
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}
