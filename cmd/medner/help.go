package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
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
		cmd.Long += "\n\n" + exitCodeHelp()
	}
	for _, sub := range cmd.Commands() {
		addHelp(sub)
	}
}

// exitCodeHelp returns the exit codes as a table.
func exitCodeHelp() string {
	text := "Exit codes:"
	for _, e := range exitCodes {
		text += fmt.Sprintf("\n%5d  %s", e.code, e.meaning)
	}
	return text
}
