package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/version"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:  "version",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return printVersion(cmd) },
	}
}

func printVersion(cmd *cobra.Command) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
	return err
}

// versionLine says which build this is: its version, the commit where it is known,
// the platform and the toolchain.
func versionLine() string {
	line := "medner " + version.String()
	if revision := version.Revision(); revision != "" {
		line += " (" + revision + ")"
	}
	return fmt.Sprintf("%s %s/%s %s", line, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
