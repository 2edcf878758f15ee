package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/ner/format"
)

// idle prints a line for each of some flags that was given and changes nothing;
// why says for which reason, such as "without --ensemble".
func idle(cmd *cobra.Command, why string, flags ...string) {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			fmt.Fprintf(cmd.ErrOrStderr(), "medner: --%s has no effect %s\n", name, why)
		}
	}
}

// idleText prints a line if --with-text was given for a format that has no choice.
func idleText(cmd *cobra.Command, out format.Format) {
	if out != format.JSON && out != format.JSONL {
		idle(cmd, "on "+string(out)+", only on json and jsonl", "with-text")
	}
}

// idlePredictions prints a line for each flag of the model that was given where
// saved predictions are scored.
func idlePredictions(cmd *cobra.Command) {
	var flags []string
	ofModel := &cobra.Command{}
	(&nerFlags{}).register(ofModel)
	ofModel.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains([]string{"task", "profile", "profile-option"}, f.Name) {
			flags = append(flags, f.Name)
		}
	})
	idle(cmd, "with --predictions, as no model runs", flags...)
}

// checkValues refuses names of files, models and the like that are empty, as they
// are where a shell's variable isn't set: without a word, the default would serve.
func checkValues(cmd *cobra.Command, args []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		empty := f.Value.String() == ""
		if list, ok := f.Value.(pflag.SliceValue); ok {
			empty = slices.Contains(list.GetSlice(), "")
		}
		text := cmd.Name() == "generate" && f.Name == "prompt"
		if empty && !text && err == nil {
			err = usagef("--%s %q: expected a value that is not empty", f.Name, "")
		}
	})
	if err == nil && cmd.Name() != "lookup" && slices.Contains(args, "") {
		err = usagef("found an argument that is empty, expected the name of a file or of a folder")
	}
	return err
}
