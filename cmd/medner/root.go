package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// notice stands wherever results are shown.
const notice = "For research and information extraction only; not for diagnosis or treatment."

// newRoot builds the command tree.
func newRoot() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:           "medner",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return printVersion(cmd)
			}
			return cmd.Help()
		},
	}
	// Not cobra's flag, whose template would link text/template, and with it every
	// exported method of everything: 3 MB.
	root.Flags().BoolVarP(&version, "version", "v", false, "version for medner")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(newHelp())
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error { // cobra checks the same later, but with errors that aren't a usageError
		for _, err := range []error{cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()} {
			if err != nil {
				return usageError{err}
			}
		}
		return checkValues(cmd, args)
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newNER(), newBatch(), newStats(), newServe(), newEval(), newConvert(), newTerminology(), newGenerate(), newLogits(), newClassify(), newTokenize(), newDetokenize(), newChatTemplate(),
		newInspect(), newQuantize(), newBundle(), newFetchDefault(), newBench(), newVerify(), newVersion(),
	)
	addHelp(root)
	markUsage(root)
	return root
}

// markUsage makes a wrong number of arguments an error of usage, as a wrong flag
// is.
func markUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil || errors.As(err, new(usageError)) {
				return err
			}
			return usagef("%s: expected %s", c.CommandPath(), strings.TrimSuffix(c.UseLine(), " [flags]"))
		}
	}
	for _, sub := range cmd.Commands() {
		markUsage(sub)
	}
}
