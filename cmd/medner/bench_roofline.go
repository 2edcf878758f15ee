package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
)

func newBenchRoofline() *cobra.Command {
	var (
		threads int
		budget  time.Duration
		output  string
	)
	cmd := &cobra.Command{
		Use:  "roofline",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			machine, err := kernelbench.Roofline(cmd.Context(), capThreads(cmd, threads), budget)
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(machine)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), machine.Describe())
			return err
		},
	}
	fs := cmd.Flags()
	intFlag(fs, &threads, "threads", 0, 0, mostThreads, "threads (default: the physical cores that this process may use)")
	durationFlag(fs, &budget, "time", 200*time.Millisecond, time.Hour, "time for each measurement")
	choose(fs, &output, "output,o", "text", []string{"text", "json"}, "`text|json`")
	return cmd
}
