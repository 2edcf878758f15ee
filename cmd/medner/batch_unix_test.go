//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/kernels"
)

// planned writes a corpus of n documents and its manifest, and returns their folder.
func planned(t *testing.T, n, shards int) string {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"id\": \"%d\", \"text\": \"Aspirin %d causes headache, and lithium tremor, in %d patients.\"}\n", i, i, i%7)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(text.String()), 0o600))
	code, _, stderr := runWithin(t, "batch", "plan", filepath.Join(dir, "in.jsonl"), "--shards", fmt.Sprint(shards), "--out", filepath.Join(dir, "manifest.json"))
	require.Zero(t, code, stderr)
	return dir
}

// batchCommand returns the command line of a command of batch, for the tiny model.
func batchCommand(dir, name, out string, more ...string) []string {
	args := []string{"batch", name, "--manifest", filepath.Join(dir, "manifest.json"), "--out", filepath.Join(dir, out)}
	return append(args, more...)
}

func tinyFlags(t *testing.T) []string {
	return []string{"--model", golden.Path(t, "tiny-llama"), "--max-new-tokens", "8", "--task", "chemicals"}
}

// merged runs merge and returns what it writes.
func merged(t *testing.T, dir, out string) string {
	t.Helper()
	code, stdout, stderr := runWithin(t, batchCommand(dir, "merge", out, "--output", "-")...)
	require.Zero(t, code, stderr)
	return stdout
}

// Each instruction set of this machine gives the same bytes, in f32 and fast: what makes
// a shard that two machines annotate the same shard.
func TestShardsOnEachInstructionSet(t *testing.T) {
	dir := planned(t, 8, 1)
	tags := filepath.Join(golden.Root(), "testdata", "goldens-tags", "models", "llama")
	var sets []string
	for _, v := range kernels.Variants() {
		if v.Available {
			sets = append(sets, v.Name)
		}
	}
	if len(sets) < 2 {
		t.Skip("one instruction set only")
	}
	for name, flags := range map[string][]string{
		"lists": tinyFlags(t), "lists-fast": append(tinyFlags(t), "--precision", "fast"),
		"tags": {"--model", tags, "--task", "chemicals,diseases"}, "tags-fast": {"--model", tags, "--task", "chemicals,diseases", "--precision", "fast"},
	} {
		want, first := "", ""
		for i, set := range sets {
			out := name + "-" + set
			cmd := program(t, batchCommand(dir, "run", out, flags...)...)
			cmd.Env = append(cmd.Env, "MEDNER_CPU="+set, "GOMAXPROCS="+fmt.Sprint(1+i%2))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			require.Zero(t, exitOf(t, cmd), stderr.String())
			done, err := os.ReadFile(filepath.Join(dir, out, "shard-00000.done"))
			require.NoError(t, err)
			require.Contains(t, string(done), `"kernels": "`+set+`"`)
			got := merged(t, dir, out)
			if want == "" {
				want, first = got, set
			}
			require.Equal(t, want, got, "%s: %s and %s", name, first, set)
		}
		if strings.HasPrefix(name, "tags") {
			require.Contains(t, want, `"type":"chemical"`, name)
		}
	}
}

// begun starts a worker on a shard and waits until it has done some documents.
func begun(t *testing.T, dir, out string) *exec.Cmd {
	t.Helper()
	cmd := program(t, batchCommand(dir, "run", out, append(tinyFlags(t), "--shard", "0", "--wait", "0s")...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		if _, err := os.Stat(filepath.Join(dir, out, "shard-00000.done")); err == nil {
			return true
		}
		files, _ := filepath.Glob(filepath.Join(dir, out, "work", "*.jsonl"))
		for _, file := range files {
			if data, _ := os.ReadFile(file); bytes.Count(data, []byte("\n")) >= 3 {
				return true
			}
		}
		return false
	}, 5*time.Minute, time.Millisecond)
	return cmd
}

// A worker that is killed leaves what it has done; the next one goes on at once. One that
// gets SIGTERM finishes what it has begun, and asks to be run again.
func TestWorkersThatAreEnded(t *testing.T) {
	dir := planned(t, 400, 1)
	run := func(out string) (code int, stderr string) {
		code, _, stderr = runWithin(t, batchCommand(dir, "run", out, append(tinyFlags(t), "--shard", "0", "--wait", "0s")...)...)
		return code, stderr
	}
	// On a machine that lets this process stand still, a worker may be done before it is
	// ended; that proves nothing, and is no fault.
	cmd := begun(t, dir, "ended")
	if code, stderr := run("ended"); code != exitOK {
		require.Equal(t, exitTryAgain, code, stderr)
		require.Contains(t, stderr, "works on it")
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if code := exitOf(t, cmd); code != exitOK {
		require.Equal(t, exitTryAgain, code, cmd.Stderr)
		require.Contains(t, cmd.Stderr.(*bytes.Buffer).String(), "the same command goes on")
	}
	require.NoFileExists(t, filepath.Join(dir, "ended", "shard-00000.lease"))

	cmd = begun(t, dir, "killed")
	_ = cmd.Process.Kill()
	if exitOf(t, cmd) != exitOK {
		require.FileExists(t, filepath.Join(dir, "killed", "shard-00000.lease"))
	}
	for _, out := range []string{"calm", "killed", "ended"} {
		code, stderr := run(out)
		require.Zero(t, code, stderr)
		if out == "calm" {
			require.NotContains(t, stderr, "by earlier runs")
		} else {
			require.Regexp(t, "by earlier runs|nothing to do", stderr)
		}
		code, stderr = run(out)
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, "nothing to do")
		require.Equal(t, merged(t, dir, "calm"), merged(t, dir, out), out)
	}
}
