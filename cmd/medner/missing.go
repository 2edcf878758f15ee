package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/hint"
)

// inputFlags says what the paths lead to that flags give to read.
var inputFlags = map[string]string{
	"adapter":      "a folder with an adapter_config.json, as PEFT writes it",
	"api-key-file": "a file with a key a line",
	"calibration":  "a calibration, as 'medner eval --fit-calibration' writes it",
	"compare":      "a file of predictions",
	"data":         "a file with the gold annotations",
	"ensemble":     "names of built-in prompts, or files of prompts",
	"executable":   "a program of medner",
	"join":         "the files of documents that were converted",
	"labels":       "labels between commas, or a JSON file of them",
	"manifest":     "a manifest, as 'medner batch plan' writes it",
	"messages":     "a JSON file of chat messages",
	"model":        "a directory in Hugging Face's layout, or a GGUF file",
	"predictions":  "a file of predictions",
	"previous":     "a manifest, as 'medner batch plan' writes it",
	"profile":      "default, seed-compat or a file of prompts",
	"prompt":       "the name of a built-in prompt, or a file of prompts",
	"terminology":  "an index, as 'medner terminology import' writes it",
	"tls-cert":     "a certificate in PEM",
	"tls-key":      "a key in PEM",
	"token-ids":    "a JSON file of token ids",
	"wheel":        "the package's wheel, or the GGUF file in it",
}

// nameInput says of an error by which a path leads to nothing that can be read which flag
// or argument gave that path, and what was expected there.
func nameInput(cmd *cobra.Command, err error) error {
	var (
		missing *fs.PathError
		bad     *badinput.Error
		write   *atomicfile.WriteError
		path    string
		cause   error
	)
	switch {
	case !isPathError(err) || errors.As(err, &write):
		return err
	case errors.As(err, &bad):
		if bad.Field != "" {
			return err
		}
		path, cause = bad.File, bad.Err
	case errors.As(err, &missing):
		path, cause = missing.Path, missing.Err
	}
	if errors.As(cause, &missing) {
		cause = missing.Err // without the path, which stands before it
	}
	field, want := giverOf(cmd, path)
	if want == "" {
		return err
	}
	var named error = &badinput.Error{File: path, Field: field, Want: want, Err: cause}
	if advice := hint.Of(err); advice != "" {
		named = hint.Add(named, advice)
	}
	return named
}

// giverOf returns the flag that gave a path, or the folder that the path is in, and what it
// expects; the flag is "" for an argument, and want is "" if neither gave it.
func giverOf(cmd *cobra.Command, path string) (flag, want string) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if inputFlags[f.Name] == "" || want != "" {
			return
		}
		for _, value := range valuesOf(f) {
			if leadsTo(value, path) {
				flag, want = "--"+f.Name, inputFlags[f.Name]
			}
		}
	})
	if want != "" {
		return flag, want
	}
	for _, argument := range cmd.Flags().Args() {
		if leadsTo(argument, path) {
			return "", argumentOf(cmd)
		}
	}
	return "", ""
}

// argumentOf says what a command reads of the paths that are its arguments.
func argumentOf(cmd *cobra.Command) string {
	switch strings.TrimPrefix(cmd.CommandPath(), "medner ") {
	case "inspect", "quantize":
		return inputFlags["model"]
	case "terminology info", "terminology lookup":
		return inputFlags["terminology"]
	case "terminology import":
		return "a file of a terminology"
	case "bundle":
		return "a program that carries a model"
	case "verify":
		return "a folder with reference vectors"
	}
	return "a file of documents, or a folder with .ann files"
}

// valuesOf returns the paths that a flag may have given. Those of prompts may have the name
// of a profile behind them, and stand between commas.
func valuesOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	values := []string{f.Value.String()}
	for value := range strings.SplitSeq(f.Value.String(), ",") {
		file, _, _ := strings.Cut(value, "#")
		values = append(values, value, file)
	}
	return values
}

// leadsTo reports whether a path is what was given, or lies in it.
func leadsTo(given, path string) bool {
	if given == "" || given == "-" {
		return false
	}
	if given == path {
		return true
	}
	below, err := filepath.Rel(given, path)
	return err == nil && filepath.IsLocal(below)
}
