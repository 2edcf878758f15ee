//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/golden"
)

// program returns the program as a process of its own: TestMain runs main for
// this name.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "medner"
	cmd.Env = append(os.Environ(), "MEDNER_CACHE="+filepath.Join(t.TempDir(), "cache"))
	return cmd
}

// exitOf waits for a process, and returns its exit code: -1 if a signal ended it.
func exitOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Minute):
		_ = cmd.Process.Kill()
		t.Fatal("still running")
	}
	return cmd.ProcessState.ExitCode()
}

// The first signal ends a command that waits for its input, whatever it has begun
// to write, and leaves no temporary file. The pipe tells when the command waits.
func TestSignals(t *testing.T) {
	tiny := golden.Path(t, "tiny-llama")
	for i, args := range []string{
		"tokenize --model " + tiny,
		"ner - --format jsonl --out OUT/x --model " + tiny,
		"ner - --format html --out OUT/x --model " + tiny,
		"ner - --format brat --out OUT/new --model " + tiny,
		"convert - --to jsonl --out OUT/x",
		"convert PIPE --to jsonl --out OUT/x",
		"terminology import -o OUT/x PIPE",
		"eval --data PIPE --predictions PIPE --report OUT/x",
		"generate --model " + tiny + " --messages PIPE",
	} {
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		t.Run(signal.String()+" "+strings.ReplaceAll(args, tiny, "tiny"), func(t *testing.T) {
			dir, pipe := t.TempDir(), filepath.Join(t.TempDir(), "pipe")
			old := filepath.Join(dir, "x")
			require.NoError(t, os.WriteFile(old, []byte("precious"), 0o600))
			require.NoError(t, syscall.Mkfifo(pipe, 0o600))
			cmd := program(t, strings.Fields(strings.NewReplacer("OUT", dir, "PIPE", pipe).Replace(args))...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			if strings.Contains(args, "PIPE") {
				f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until the command opens it
				require.NoError(t, err)
				defer f.Close()
			} else {
				_, err := io.WriteString(stdin, strings.Repeat(" ", 1<<20)) // more than the system keeps: the command reads
				require.NoError(t, err)
			}
			require.NoError(t, cmd.Process.Signal(signal))
			require.Equal(t, exitInterrupted, exitOf(t, cmd), stderr.String())
			require.Contains(t, stderr.String(), "medner: interrupted")
			data, err := os.ReadFile(old)
			require.NoError(t, err)
			require.Equal(t, "precious", string(data))
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, e := range entries {
				require.NotEqual(t, byte('.'), e.Name()[0], "a temporary file is left: %s", e.Name())
			}
		})
	}
}

// A command that goes on after a signal is given up, and its temporary files are
// removed.
func TestDeafCommands(t *testing.T) {
	dir := t.TempDir()
	_, err := atomicfile.Create(filepath.Join(dir, "file"))
	require.NoError(t, err)
	_, err = atomicfile.CreateDir(filepath.Join(dir, "folder"))
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	require.Equal(t, exitInterrupted, wait(ctx, make(chan int), &stderr))
	require.Equal(t, "medner: interrupted\n", stderr.String())
	entries, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
