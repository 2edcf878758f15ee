package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/shlex"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// commands returns cmd and all commands below it.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, commands(sub)...)
	}
	return all
}

func TestEveryCommandHasItsHelpFile(t *testing.T) {
	var want []string
	for _, cmd := range commands(newRoot()) {
		want = append(want, helpFile(cmd))
		require.NotEmpty(t, cmd.Short, cmd.CommandPath())
		require.Less(t, len(cmd.Short), 80, cmd.CommandPath())
		require.NotEmpty(t, cmd.Long, cmd.CommandPath())
		require.NotEmpty(t, cmd.Example, cmd.CommandPath())
		for line := range strings.Lines(cmd.Long) {
			require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, "%s: %s", cmd.CommandPath(), line)
		}
	}
	have, err := fs.Glob(helpFiles, "help/*")
	require.NoError(t, err)
	slices.Sort(want)
	require.Equal(t, want, have)
}

// TestHelpExamples parses each example's command line: its command, its flags
// and the number of its arguments must be right.
func TestHelpExamples(t *testing.T) {
	for _, cmd := range commands(newRoot()) {
		for line := range strings.Lines(cmd.Example) {
			shown := 0
			for _, args := range calls(t, line) {
				called, err := parse(args)
				require.NoError(t, err, line)
				if called == cmd.CommandPath() || strings.HasPrefix(called, cmd.CommandPath()+" ") {
					shown++
				}
			}
			require.Positive(t, shown, "%s: an example of something else: %s", cmd.CommandPath(), line)
		}
	}
	for _, wrong := range []string{"medner ner --nonsense", "medner nonsense", "medner quantize x", "medner version x"} {
		_, err := parse(calls(t, wrong)[0])
		require.Error(t, err, wrong)
	}
}

// calls returns the arguments of each call of medner in a line of shell.
func calls(t *testing.T, line string) (all [][]string) {
	t.Helper()
	words, err := shlex.Split(line)
	require.NoError(t, err, line)
	for len(words) > 0 {
		end := slices.Index(words, "|")
		part := words
		if end >= 0 {
			part, words = words[:end], words[end+1:]
		} else {
			words = nil
		}
		if part[0] != "medner" {
			continue
		}
		if redirect := slices.Index(part, "<"); redirect >= 0 {
			part = part[:redirect]
		}
		all = append(all, part[1:])
	}
	return all
}

// parse checks a command line as cobra does before it runs the command, and
// returns the command's path.
func parse(args []string) (command string, err error) {
	root := newRoot()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return "", err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return "", err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return "", err
	}
	return cmd.CommandPath(), root.PersistentPreRunE(cmd, nil)
}

// The README lists the exit codes that the program has.
func TestExitCodesAreDocumented(t *testing.T) {
	var list []string
	for _, e := range exitCodes {
		list = append(list, fmt.Sprintf("%d %s", e.code, e.meaning))
	}
	readme, err := os.ReadFile(filepath.Join(golden.Root(), "README.md"))
	require.NoError(t, err)
	words := strings.Join(strings.Fields(string(readme)), " ")
	require.Contains(t, words, "Exit codes: "+strings.Join(list, ", ")+".")
}
