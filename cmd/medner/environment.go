package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/medner/medner/internal/nearest"
	"github.com/medner/medner/kernels"
)

// variables are the environment variables that the program reads, for its help and
// for docs/files.md, which a test compares. check, which may be nil, is called with
// the value of one that is set to something.
var variables = []struct {
	name, meaning string
	check         func(value string) error
}{
	{"JOB_COMPLETION_INDEX", "shard for batch run, as Kubernetes sets it", nil},
	{"MEDNER_CACHE", "where the default model is (default: the user's cache)", checkCache},
	{"MEDNER_CPU", "instruction set; families and limits (docs/speed.md)", func(string) error { return kernels.CheckEnvironment() }},
	{"MEDNER_LIBCUDA", "library of the NVIDIA driver (default: libcuda.so.1)", checkLibrary},
	{"NO_COLOR", "if it is set: no colours on terminals", nil},
	{"SLURM_ARRAY_TASK_ID", "shard for batch run, as Slurm sets it", nil},
}

// checkEnvironment returns an error of usage if a variable has a value that the
// program can't follow, and warns of those that are like its own and unknown to the
// command line.
func checkEnvironment(environ, args []string, stderr io.Writer) error {
	var ofServe []string
	if slices.Contains(args, "serve") {
		ofServe = serveVariables()
	}
	var names, short []string // short: without the prefix that the program's own have
	for _, v := range variables {
		names = append(names, v.name)
		if own, ours := strings.CutPrefix(v.name, "MEDNER_"); ours {
			short = append(short, own)
		}
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		at := slices.Index(names, name)
		if at < 0 && slices.Contains(ofServe, name) {
			continue
		}
		if at < 0 {
			if own, ours := strings.CutPrefix(name, "MEDNER_"); ours {
				for _, v := range ofServe {
					short = append(short, strings.TrimPrefix(v, "MEDNER_"))
				}
				fmt.Fprintf(stderr, "medner: environment variable %s is unknown, and ignored%s\n", visible(name), nearest.Hint(own, short, "MEDNER_"))
			}
			continue
		}
		if check := variables[at].check; check != nil && value != "" {
			if err := check(value); err != nil {
				return usageError{err}
			}
		}
	}
	return nil
}

func checkCache(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("MEDNER_CACHE: found %q, which is a file, expected a directory", dir)
	}
	return nil
}

func checkLibrary(path string) error {
	if !strings.ContainsRune(path, os.PathSeparator) {
		return nil // the system's loader looks for it
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("MEDNER_LIBCUDA: found %q, which is missing, expected a library", path)
	}
	return nil
}

// environmentHelp returns the variables as a table.
func environmentHelp() string {
	text := "Environment variables:"
	for _, v := range variables {
		text += fmt.Sprintf("\n  %-21s %s", v.name, v.meaning)
	}
	return text + "\n  MEDNER_…              of serve, one for each flag: MEDNER_LISTEN for --listen"
}
