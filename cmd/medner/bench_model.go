package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/modelbench"
	"github.com/medner/medner/model"
)

func newBenchModel() *cobra.Command {
	var (
		mf            modelFlags
		w             modelbench.Work
		shape, output string
	)
	cmd := &cobra.Command{
		Use:  "model",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mf.prefixCache, mf.draft, mf.batch = "off", 0, max(mf.batch, w.Parallel) // every token is computed
			row := modelbench.Result{Model: mf.path, Weights: mf.weights, Precision: mf.precision, KV: mf.kv, Chunk: mf.chunk}
			m, err := openBench(cmd, &mf, shape)
			if err != nil {
				return err
			}
			defer m.Close()
			switch {
			case shape != "":
				row.Model = shape + ", random"
				if row.Weights == string(model.Keep) {
					row.Weights = "nf4"
				}
			case row.Model == "":
				row.Model = "default"
			}
			if row.Chunk == 0 {
				row.Chunk = model.DefaultPrefillChunk
			}
			results, err := modelbench.Run(cmd.Context(), m, row, w)
			var short *modelbench.TooShortError
			if errors.As(err, &short) {
				return usagef("-n %d: %w", w.Generate, err)
			}
			if err != nil {
				return err
			}
			return modelbench.Write(cmd.OutOrStdout(), output, results)
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"prefix-cache", "draft", "batch"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	weights := cmd.Flags().Lookup("weights").Value.(*choiceFlag)
	weights.words = append(weights.words, "nf4-bf16", "nf4-f16", "awq-32", "awq-64", "awq-128", "awq-row") // of a --shape; model.Open refuses them
	weights.expected = strings.Join(weights.words, ", ")
	cmd.Flags().StringVar(&shape, "shape", "", "in place of a model, random weights in the `SHAPE` of "+strings.Join(model.RandomShapes(), ", "))
	intFlag(cmd.Flags(), &w.Prompt, "prompt,p", 512, 0, mostTokens, "tokens of the prompt test; 0: none")
	intFlag(cmd.Flags(), &w.Generate, "gen,n", 128, 0, mostTokens, "tokens of the decoding test; 0: none")
	intFlag(cmd.Flags(), &w.Depth, "depth,d", 0, 0, mostTokens, "tokens in the context before decoding begins")
	intFlag(cmd.Flags(), &w.Parallel, "parallel", 1, 1, mostSequences, "sequences decoded at once")
	intFlag(cmd.Flags(), &w.Repetitions, "repetitions,r", 5, 1, 10_000, "repetitions of each test")
	choose(cmd.Flags(), &output, "output,o", "md", modelbench.Formats, "`md|csv|json|jsonl`")
	return cmd
}

// openBench opens the model that the flags name, or one with random weights in
// the given shape.
func openBench(cmd *cobra.Command, mf *modelFlags, shape string) (*model.Model, error) {
	if shape == "" {
		return mf.open(cmd)
	}
	if mf.path != "" || len(mf.adapters) > 0 {
		return nil, usagef("--shape %s: expected no --model or --adapter, as the weights are random", shape)
	}
	if mf.weights != string(model.Keep) {
		shape += ":" + mf.weights
		mf.weights = string(model.Keep)
	}
	return model.OpenRandom(cmd.Context(), shape, mf.options(cmd))
}
