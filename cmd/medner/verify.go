package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/verify"
	"github.com/medner/medner/internal/hint"
)

func newVerify() *cobra.Command {
	var (
		mf    modelFlags
		every bool
	)
	cmd := &cobra.Command{
		Use:  "verify [DIR]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := goldens(args)
			if err != nil {
				return err
			}
			o := mf.options(cmd)
			o.Log = nil
			out := cmd.OutOrStdout()
			summary, err := verify.Run(cmd.Context(), dir, o, func(c verify.Check) {
				switch {
				case c.Outcome == verify.Different:
					fmt.Fprintf(out, "DIFFERENT %s: %s\n", c.Name, c.Detail)
				case every && c.Outcome == verify.Equal:
					fmt.Fprintf(out, "equal     %s\n", c.Name)
				case every:
					fmt.Fprintf(out, "skipped   %s: %s\n", c.Name, c.Detail)
				}
			})
			if err != nil {
				return err
			}
			if summary.MaxLogitError > 0 {
				fmt.Fprintf(out, "largest difference of a logit: %.2g\n", summary.MaxLogitError)
			}
			if summary.MaxScoreError > 0 {
				fmt.Fprintf(out, "largest difference of a label's score: %.2g\n", summary.MaxScoreError)
			}
			skipped := ""
			if summary.Skipped > 0 {
				skipped = " (" + strings.Join(summary.Reasons, "; ") + ")"
			}
			fmt.Fprintf(out, "%d of %d equal, %d skipped%s\n", summary.Equal, summary.Total, summary.Skipped, skipped)
			if summary.Failed() {
				return silentError{exitFailure}
			}
			return nil
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"model", "adapter", "lora"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	cmd.Flags().BoolVarP(&every, "verbose", "v", false, "print every comparison")
	return cmd
}

// goldens returns the folder of reference vectors: the argument, or the
// repository's own, near the working directory or the program.
func goldens(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	const sub = "testdata/goldens"
	from := []string{"."}
	if exe, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(exe), filepath.Dir(filepath.Dir(exe)))
	}
	for _, dir := range from {
		if path := filepath.Join(dir, sub); isDir(path) {
			return path, nil
		}
	}
	return "", hint.Add(usagef("%s: found in neither the working directory nor the program's", sub), "run it in a checkout of medner, or name a folder of reference vectors")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
