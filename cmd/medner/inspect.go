package main

import (
	"encoding/json"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/inspection"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/lora"
)

func newInspect() *cobra.Command {
	var (
		mf             modelFlags
		asJSON, detail bool
	)
	cmd := &cobra.Command{
		Use:  "inspect [DIR|GGUF|ADAPTER]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := inspect(cmd, &mf, args, detail)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(result)
			}
			return result.Print(cmd.OutOrStdout())
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"prefix-cache", "draft", "batch", "prefill-chunk"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&detail, "tensors", false, "list every tensor by itself")
	return cmd
}

// inspect inspects what the argument and the flags name: the argument may be an
// adapter, alone or beside the model that it is for.
func inspect(cmd *cobra.Command, mf *modelFlags, args []string, detail bool) (*inspection.Inspection, error) {
	if len(args) > 0 {
		if _, err := files.Stat(filepath.Join(args[0], lora.ConfigName)); err == nil {
			mf.adapters = append(mf.adapters, args[0])
			if mf.path == "" {
				return inspection.Adapters(mf.adapters)
			}
		} else if mf.path, err = modelArgument(mf.path, args); err != nil {
			return nil, err
		}
	}
	if err := mf.locate(); err != nil {
		return nil, err
	}
	return inspection.Model(cmd.Context(), mf.path, mf.options(cmd), detail)
}
