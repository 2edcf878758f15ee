package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/nearest"
)

// choiceFlag is the value of a flag that takes one of some words, or several with
// commas between. Another word is refused while the command line is read, before
// anything is opened, with the words that the flag takes and the nearest of them.
type choiceFlag struct {
	p        *string
	words    []string
	list     bool                   // whether commas may stand between several
	matches  func(word string) bool // whether it takes a word in lower case that is none of words; may be nil
	expected string                 // what the flag takes, for messages
}

// String implements pflag.Value.
func (f *choiceFlag) String() string {
	if f.p == nil {
		return ""
	}
	return *f.p
}

// Type implements pflag.Value.
func (f *choiceFlag) Type() string { return "string" }

// Set implements pflag.Value. The case of letters doesn't count.
func (f *choiceFlag) Set(text string) error {
	parts := []string{text}
	if f.list {
		parts = strings.Split(text, ",")
	}
	for i, part := range parts {
		word := strings.TrimSpace(part)
		at := slices.IndexFunc(f.words, func(w string) bool { return strings.EqualFold(w, word) })
		switch {
		case at >= 0:
			parts[i] = f.words[at]
		case f.matches != nil && f.matches(strings.ToLower(word)):
			parts[i] = strings.ToLower(word)
		default:
			return errors.New("expected " + f.expected + nearest.Hint(word, f.words, ""))
		}
	}
	*f.p = strings.Join(parts, ",")
	return nil
}

// choose adds a flag that takes one of some words. name may be "long,s".
func choose[T ~string](fs *pflag.FlagSet, p *string, name string, value T, words []T, usage string) *choiceFlag {
	*p = string(value)
	f := &choiceFlag{p: p}
	for _, word := range words {
		f.words = append(f.words, string(word))
	}
	f.expected = strings.Join(f.words, ", ")
	long, short, _ := strings.Cut(name, ",")
	fs.VarP(f, long, short, usage)
	return f
}

// chooseSeveral adds a flag that takes words with commas between.
func chooseSeveral[T ~string](fs *pflag.FlagSet, p *string, name string, value string, words []T, usage string) {
	f := choose(fs, p, name, T(value), words, usage)
	f.list = true
	f.expected += ", or several with commas between"
}

// oneDevice matches one device of --device.
var oneDevice = regexp.MustCompile(`^(cpu|cuda(:\d{1,4})?)$`)

// deviceFlag adds --device.
func deviceFlag(fs *pflag.FlagSet, p *string, several bool, usage string) {
	f := choose(fs, p, "device", "cpu", []string{"cpu", "cuda"}, usage)
	f.matches, f.list, f.expected = oneDevice.MatchString, several, "cpu, cuda or cuda:N"
	if several {
		f.expected = "cpu, cuda, cuda:N, or some of them with commas between"
	}
}

// commandsOnly checks the arguments of a command that has commands below it and
// takes no arguments of its own.
func commandsOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unknown command %q for %q%s", args[0], cmd.CommandPath(), nearest.Hint(args[0], commandNames(cmd), ""))
}

// commandNames lists the commands below cmd.
func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// noArguments checks the arguments of a command that takes flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s %q: expected flags only", cmd.Name(), args[0])
}

// unknownFlag words the error of a flag that cmd doesn't have. A command that cmd
// doesn't have, of which the flag may be, counts first.
func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	if cmd.HasSubCommands() {
		if err := commandsOnly(cmd, cmd.Flags().Args()); err != nil {
			return err
		}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	word := unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" { // -threads is read as seven flags of one letter
		word, _, _ = strings.Cut(group, "=")
		return usagef("unknown flag: -%s%s", visible(word), nearest.Hint(word, names, "--"))
	}
	return usagef("unknown flag: --%s%s", visible(word), nearest.Hint(word, names, "--"))
}
