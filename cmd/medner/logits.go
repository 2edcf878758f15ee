package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

func newLogits() *cobra.Command {
	var (
		mf                modelFlags
		ids, rows, output string
	)
	cmd := &cobra.Command{
		Use:  "logits",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := parseRows(rows, 1); err != nil {
				return err // before the model is loaded
			}
			output = outputPath(output)
			if err := apart([]string{output}, mf.inputs(), []string{ids}); err != nil {
				return err
			}
			if err := atomicfile.Ready(output); err != nil {
				return err
			}
			m, err := mf.open(cmd)
			if err != nil {
				return err
			}
			defer m.Close()
			mf.noteAdapter(cmd)
			tokens, err := readTokenIDs(cmd, ids, m.Config().VocabSize)
			if err != nil {
				return err
			}
			n, err := parseRows(rows, len(tokens))
			if err != nil {
				return err
			}
			logits, err := m.Logits(cmd.Context(), tokens, n, "")
			if err != nil {
				return err
			}
			return writeLogits(cmd, output, logits)
		},
	}
	mf.register(cmd)
	cmd.Flags().StringVar(&ids, "token-ids", "", "token ids in a JSON `FILE` (-: standard input)")
	cmd.Flags().StringVar(&rows, "rows", "all", "the tokens to write the logits of: `all|last|N`, where N means the last N")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`FILE` to write (-: standard output)")
	cobra.CheckErr(cmd.MarkFlagRequired("token-ids"))
	return cmd
}

// parseRows returns the number of rows that --rows stands for, of a prompt of a
// number of tokens.
func parseRows(s string, tokens int) (int, error) {
	switch s {
	case "all":
		return tokens, nil
	case "last":
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, usagef("--rows %q: expected all, last or a number of rows", s)
	}
	return min(n, tokens), nil
}

// writeLogits writes a tensor [rows, vocabulary] to a file, or to standard output
// for "-".
func writeLogits(cmd *cobra.Command, path string, logits [][]float32) error {
	shape := []int{len(logits), len(logits[0])}
	data := make([]byte, 4*shape[0]*shape[1])
	for i, row := range logits {
		quant.Encode(quant.F32, data[4*i*shape[1]:4*(i+1)*shape[1]], row)
	}
	tensors := []safetensors.Source{safetensors.Bytes("logits", safetensors.F32, shape, data)}
	if path == "-" {
		return safetensors.Encode(cmd.OutOrStdout(), tensors, nil)
	}
	return safetensors.WriteFile(path, tensors, nil)
}
