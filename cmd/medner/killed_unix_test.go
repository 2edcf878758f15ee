//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// A process that is killed while it writes leaves the file that was there before,
// and the next run replaces it.
func TestKilledWhileWriting(t *testing.T) {
	tiny := golden.Path(t, "tiny-llama")
	const article = `{"id": "1", "text": "Aspirin causes headache."}` + "\n"
	const gold = "1|t|Aspirin.\n1|a|\n1\t0\t7\tAspirin\tChemical\tD001241\n\n"
	for _, c := range []struct{ args, text string }{
		{"convert PIPE --to jsonl --out OUT", article},
		{"convert PIPE --to html --out OUT", article},
		{"ner PIPE --format jsonl --max-new-tokens 2 --model " + tiny + " --out OUT", article},
		{"ner PIPE --format bioc-xml --max-new-tokens 2 --model " + tiny + " --out OUT", article},
		{"terminology import -o OUT PIPE", "id\tname\nA\tAspirin\n"},
		{"logits --model " + tiny + " --token-ids PIPE -o OUT", "[1, 2]"},
		{"eval --data PIPE --resamples 0 --max-new-tokens 2 --model " + tiny + " --save OUT", gold},
	} {
		t.Run(strings.ReplaceAll(c.args, tiny, "tiny"), func(t *testing.T) {
			dir := t.TempDir()
			out, pipe, regular := filepath.Join(dir, "out"), filepath.Join(t.TempDir(), "pipe"), filepath.Join(t.TempDir(), "in")
			require.NoError(t, os.WriteFile(out, []byte("precious"), 0o600))
			require.NoError(t, syscall.Mkfifo(pipe, 0o600))
			command := func(input string) []string {
				return strings.Fields(strings.NewReplacer("OUT", out, "PIPE", input).Replace(c.args))
			}
			cmd := program(t, command(pipe)...)
			require.NoError(t, cmd.Start())
			f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until the command opens it
			require.NoError(t, err)
			defer f.Close()
			require.NoError(t, cmd.Process.Kill())
			require.Equal(t, -1, exitOf(t, cmd))
			data, err := os.ReadFile(out)
			require.NoError(t, err)
			require.Equal(t, "precious", string(data))

			require.NoError(t, os.WriteFile(regular, []byte(c.text), 0o600))
			code, _, stderr := runWithin(t, command(regular)...)
			require.Zero(t, code, stderr)
			data, err = os.ReadFile(out)
			require.NoError(t, err)
			require.NotEqual(t, "precious", string(data))
		})
	}
}

// A run that is killed with half of its documents done is resumed, and the output
// is that of an undisturbed run.
func TestKilledAndResumed(t *testing.T) {
	dir := t.TempDir()
	var corpus strings.Builder
	for i := range 60 {
		fmt.Fprintf(&corpus, "{\"id\": \"%d\", \"text\": \"Aspirin %d causes headache.\"}\n", i, i)
	}
	in, out, want := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl"), filepath.Join(dir, "want.jsonl")
	require.NoError(t, os.WriteFile(in, []byte(corpus.String()), 0o600))
	ner := func(path string) []string {
		return []string{"ner", in, "--format", "jsonl", "--max-new-tokens", "8", "--model", golden.Path(t, "tiny-llama"), "--out", path}
	}
	code, _, stderr := runWithin(t, ner(want)...)
	require.Zero(t, code, stderr)
	whole, err := os.ReadFile(want)
	require.NoError(t, err)

	cmd := program(t, ner(out)...)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(out)
		return bytes.Count(data, []byte("\n")) >= 5
	}, time.Minute, time.Millisecond, "results show as they come")
	_ = cmd.Process.Kill()
	exitOf(t, cmd)
	if _, err := os.Stat(out + ".resume"); err == nil { // the run was not complete
		code, _, stderr = runWithin(t, append(ner(out), "--resume")...)
		require.Zero(t, code, stderr)
	}
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, string(whole), string(data))
}

// A full disk, as far as a test can have one, is an error of writing, and the
// output's journal is none of the user's files.
func TestDevicesThatAreFull(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	tiny := golden.Path(t, "tiny-llama")
	article := filepath.Join(t.TempDir(), "article.txt")
	require.NoError(t, os.WriteFile(article, []byte("Aspirin."), 0o600))
	ids := filepath.Join(t.TempDir(), "ids.json")
	require.NoError(t, os.WriteFile(ids, []byte("[1]"), 0o600))
	for _, args := range []string{
		"convert " + article + " --to jsonl --out " + full,
		"ner " + article + " --max-new-tokens 1 --format jsonl --model " + tiny + " --out " + full,
		"ner " + article + " --max-new-tokens 1 --format html --model " + tiny + " --out " + full,
		"logits --token-ids " + ids + " --model " + tiny + " -o " + full,
		"terminology import -o " + full + " " + filepath.Join(golden.Root(), "ner/terminology/testdata/names.tsv"),
		"bundle --model " + tiny + " -o " + full,
	} {
		code, _, stderr := runWithin(t, strings.Fields(args)...)
		require.Equal(t, exitFailure, code, "%s: %s", args, stderr)
		require.Contains(t, stderr, "no space left on device", args)
	}
	_, err := os.Lstat(full + ".resume")
	require.ErrorIs(t, err, os.ErrNotExist)
}
