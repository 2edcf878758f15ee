package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// keyVariable is an environment variable that holds a key of medner serve itself.
const keyVariable = "MEDNER_API_KEY"

// variableOf returns the environment variable that stands for a flag of medner serve:
// MEDNER_DRAIN_TIMEOUT for --drain-timeout.
func variableOf(flag string) string {
	return "MEDNER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// hasVariable tells the flags of medner serve that may be set in the environment.
func hasVariable(f *pflag.Flag) bool { return f.Name != "help" && f.Name != "check" }

// serveVariables lists the environment variables that medner serve reads beside those
// of every command.
func serveVariables() []string {
	names := []string{keyVariable}
	newServe().Flags().VisitAll(func(f *pflag.Flag) {
		if hasVariable(f) {
			names = append(names, variableOf(f.Name))
		}
	})
	return names
}

// fromEnvironment sets the flags that the command line doesn't set, and an environment
// variable does. The variable of a flag that may be repeated has commas between.
func fromEnvironment(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(variableOf(f.Name))
		if f.Changed || value == "" || !hasVariable(f) || err != nil {
			return
		}
		values := []string{value}
		if f.Value.Type() == "stringArray" {
			values = strings.Split(value, ",")
		}
		for _, v := range values {
			if setting := cmd.Flags().Set(f.Name, v); setting != nil && err == nil {
				err = usagef("%s: %v", variableOf(f.Name), flagError(cmd, setting))
			}
		}
	})
	return err
}
