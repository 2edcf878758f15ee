package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/nearest"
)

// helpFiles hold what each command says of itself. The file of `medner bench
// model` is help/bench-model.txt: its first line is the short description,
// then comes the long one, and below a line "Examples:" the examples.
//
//go:embed help
var helpFiles embed.FS

const examplesHeading = "\nExamples:\n"

// helpFile returns the name of a command's file.
func helpFile(cmd *cobra.Command) string {
	name := cmd.CommandPath()
	if cmd.HasParent() {
		_, name, _ = strings.Cut(name, " ")
	}
	return "help/" + strings.ReplaceAll(name, " ", "-") + ".txt"
}

// addHelp gives cmd and the commands below it the descriptions in their files.
func addHelp(cmd *cobra.Command) {
	data, err := helpFiles.ReadFile(helpFile(cmd))
	if err != nil {
		panic(err) // can't be: a test looks for every command's file
	}
	text, examples, _ := strings.Cut(string(data), examplesHeading)
	short, long, _ := strings.Cut(text, "\n")
	cmd.Short, cmd.Long, cmd.Example = short, strings.TrimSpace(long), strings.TrimRight(examples, "\n")
	if !cmd.HasParent() {
		cmd.Long += "\n\n" + exitCodeHelp() + "\n\n" + environmentHelp()
	}
	for _, sub := range cmd.Commands() {
		addHelp(sub)
	}
}

// newHelp returns the command help, which refuses commands that there are not.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownHelp(cmd.Root(), args)
			}
			found.InitDefaultHelpFlag() // so that the help lists it
			return found.Help()
		},
	}
}

// unknownHelp says that there is no command to show the help of.
func unknownHelp(root *cobra.Command, args []string) error {
	at, rest, _ := root.Find(args)
	if len(rest) == 0 {
		rest = args[:1]
	}
	return usagef("unknown command %q for help%s", strings.Join(args, " "), nearest.Hint(rest[0], commandNames(at), ""))
}

// exitCodeHelp returns the exit codes as a table.
func exitCodeHelp() string {
	text := "Exit codes:"
	for _, e := range exitCodes {
		text += fmt.Sprintf("\n%5d  %s", e.code, e.meaning)
	}
	return text
}
