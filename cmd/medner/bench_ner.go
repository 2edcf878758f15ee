package main

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/cmd/medner/internal/nerbench"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/format"
)

func newBenchNER() *cobra.Command {
	var (
		f      nerFlags
		output string
		limit  int
	)
	cmd := &cobra.Command{
		Use:  "ner FILES…|-",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := benchNER(cmd, &f, args, limit)
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(result)
			}
			return result.WriteMarkdown(cmd.OutOrStdout())
		},
	}
	f.register(cmd)
	intFlag(cmd.Flags(), &limit, "limit", 0, 0, math.MaxInt32, "documents at most; 0: all")
	choose(cmd.Flags(), &output, "output,o", "md", []string{"md", "json"}, "`md|json`")
	return cmd
}

func benchNER(cmd *cobra.Command, f *nerFlags, inputs []string, limit int) (*nerbench.Result, error) {
	ctx := cmd.Context()
	var meter nerbench.Meter
	extractor, err := f.extractor(ctx, cmd, ner.WithAnswers(meter.Answered), ner.WithClassified(meter.Classified))
	if err != nil {
		return nil, err
	}
	defer extractor.Close()
	documents := format.Files(inputs, cmd.InOrStdin(), format.ReadOptions{Annotations: format.TextOnly})
	result, err := meter.Run(ctx, extractor, documents, limit, func(err error) { fmt.Fprintf(cmd.ErrOrStderr(), "medner: %v\n", err) })
	if err != nil {
		return nil, err
	}
	if result.Questions+result.Labelled == 0 {
		return nil, badinput.New(inputs[0], "", "nothing to ask about", "documents")
	}
	if f.device == "cpu" {
		result.Kernels, result.Reason = kernels.Selected()
	}
	return result, nil
}
