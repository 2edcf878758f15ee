package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/ner/terminology"
)

func newBundle() *cobra.Command {
	var (
		p      bundle.Plan
		output string
		check  bool
	)
	cmd := &cobra.Command{
		Use:  "bundle -o FILE | --check [FILE]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case check && output != "":
				return usagef("--check and --output: expected one of them")
			case check:
				return checkBundle(cmd, args)
			case output == "":
				return usagef("expected --output FILE, or --check")
			case len(args) > 0:
				return usagef("%s: expected the file after --output", args[0])
			}
			return writeBundle(cmd, output, p)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&output, "output", "o", "", "`FILE` to write")
	fs.StringVar(&p.Model, "model", "", "model: a `DIR` in Hugging Face's layout, or a GGUF file (default: the default model)")
	fs.StringArrayVar(&p.Adapters, "adapter", nil, "PEFT adapter: a `DIR`; may be repeated")
	fs.StringVar(&p.Terminology, "terminology", "", "`INDEX` that 'medner terminology import' wrote: ner links to it unless another one is named")
	fs.StringVar(&p.Executable, "executable", "", "`FILE` of the program to put into the bundle, such as medner for another system (default: this program)")
	checkFlag(cmd, &check, "compare the files that FILE, or this program, carries with their hashes")
	return cmd
}

func writeBundle(cmd *cobra.Command, output string, p bundle.Plan) (err error) {
	files, err := modelstore.Locate(p.Model, p.Adapters...)
	if err != nil {
		return err
	}
	p.Model, p.Adapters = files.Base, files.Adapters
	if p.Executable == "" {
		if p.Executable, err = os.Executable(); err != nil {
			return err
		}
	}
	if err := openAll(p); err != nil {
		return err
	}
	if err := bundle.Write(cmd.Context(), output, p); err != nil {
		return err
	}
	info, err := os.Stat(output)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", output, humanize.Bytes(uint64(info.Size())))
	return err
}

// openAll opens each part of a bundle once, so that a part that is wrong is
// reported before anything is written.
func openAll(p bundle.Plan) error {
	c, err := checkpoint.Open(p.Model)
	if err != nil {
		return err
	}
	_, err = c.Text().Tokenizer()
	if err := errors.Join(err, c.Close()); err != nil {
		return err
	}
	for _, dir := range p.Adapters {
		a, err := lora.Open(dir)
		if err != nil {
			return err
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	if p.Terminology == "" {
		return nil
	}
	index, err := terminology.Open(p.Terminology)
	if err != nil {
		return err
	}
	return index.Close()
}

// checkBundle compares what a bundle, or this program, carries with its hashes.
func checkBundle(cmd *cobra.Command, args []string) error {
	what, open := "this program", bundle.Own
	if len(args) > 0 {
		what, open = args[0], func() (*bundle.Contents, error) { return bundle.Open(args[0]) }
	}
	carried, err := open()
	if err != nil {
		return err
	}
	if carried == nil {
		return badinput.New(what, "", "no model inside", "a bundle, whole to its last byte")
	}
	if err := carried.Check(cmd.Context()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files, intact\n", what, len(carried.Names()))
	return err
}

// withCommand returns args, with the command ner before them if this program is a
// bundle and args name no command.
func withCommand(root *cobra.Command, args []string) []string {
	carried, err := bundle.Own()
	if err == nil && carried == nil {
		return args
	}
	if len(args) == 0 {
		if isTerminal(os.Stdin) {
			return args
		}
		return []string{"ner"}
	}
	switch args[0] {
	case "-h", "--help", "help", "--version", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return args
	}
	if found, _, err := root.Find(args); err == nil && found != root {
		return args
	}
	return append([]string{"ner"}, args...)
}
