package main

import "github.com/spf13/cobra"

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "bench",
		Args: commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("bench: expected model, ner, kernels or roofline")
		},
	}
	cmd.AddCommand(newBenchModel(), newBenchNER(), newBenchKernels(), newBenchRoofline())
	return cmd
}
