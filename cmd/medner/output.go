package main

import (
	"io"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
)

// standardOutput stands for standard output where a file to write is named.
const standardOutput = "-"

// outputPath returns the path that a flag names, "-" for every name of standard
// output.
func outputPath(flag string) string {
	if flag == "/dev/stdout" || flag == "/dev/fd/1" || flag == "/proc/self/fd/1" {
		return standardOutput
	}
	return flag
}

// inputs returns the paths that the flags of a model name.
func (f *modelFlags) inputs() []string { return append([]string{f.path}, f.adapters...) }

// inputs returns the paths that the flags of an extractor may name. Names of
// prompts that are no files do no harm.
func (f *nerFlags) inputs() []string {
	paths := append(f.modelFlags.inputs(), f.profile, f.prompt, f.labels, f.calibration, f.terminology)
	paths = append(paths, strings.Split(f.ensemble, ",")...)
	for i, path := range paths {
		paths[i], _, _ = strings.Cut(path, "#") // a prompt in a file of several
	}
	return paths
}

// apart returns an error of usage if an output is one of the inputs, or lies in one.
func apart(outputs []string, inputs ...[]string) error {
	var all []string
	for _, list := range inputs {
		all = append(all, list...)
	}
	return atomicfile.Apart(outputs, all...)
}

// writePacked writes the file path by calling write, compressed if the name ends in
// .gz or .zst. If that fails, path stays as it was.
func writePacked(path string, write func(io.Writer) error) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		packer, err := files.NewCompressor(path, w)
		if err != nil {
			return err
		}
		if err := write(packer); err != nil {
			return err
		}
		return packer.Close()
	})
}
