package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
	"github.com/stretchr/testify/require"
)

// Errors keep their exit codes however they are wrapped.
func TestExitCodeOfErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("broken"), exitFailure},
		{usagef("--x"), exitUsage},
		{partialError{1, 2}, exitPartial},
		{badinput.New("f", "x", "y", "z"), exitBadInput},
		{&model.ContextError{}, exitBadInput},
		{&model.QueueFullError{InFlight: 20, Waiting: 4}, exitTryAgain},
		{model.ErrDraining, exitTryAgain},
		{model.ErrLost, exitTryAgain},
		{context.DeadlineExceeded, exitTryAgain},
		{context.Canceled, exitInterrupted},
		{&atomicfile.WriteError{Err: fs.ErrNotExist}, exitFailure},
		{&atomicfile.WriteError{Err: fs.ErrPermission}, exitFailure},
		{&atomicfile.WriteError{Err: syscall.ENOSPC}, exitFailure},
		{&modelstore.MissingError{}, exitBadInput},
		{&modelstore.PipError{}, exitFailure},
		{&modelstore.PipError{Command: "pip"}, exitTryAgain},
		{filelock.ErrBusy, exitTryAgain},
		{fs.ErrNotExist, exitBadInput},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOTDIR}, exitBadInput},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EIO}, exitFailure},
	} {
		if got := exitCode(fmt.Errorf("document 7: %w", c.err)); got != c.want {
			t.Errorf("%v: exit code %d, expected %d", c.err, got, c.want)
		}
	}
}

// The table in the documents is the one in the code.
func TestExitCodesInTheDocuments(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "files.md"))
	require.NoError(t, err)
	_, table, found := strings.Cut(string(data), "## Exit codes")
	require.True(t, found)
	var want, have []string
	for _, e := range exitCodes {
		want = append(want, fmt.Sprintf("| %d | %s |", e.code, e.meaning))
	}
	for line := range strings.Lines(table) {
		if cells := strings.SplitN(line, "|", 4); len(cells) == 4 && strings.TrimSpace(cells[1]) != "code" && cells[1] != "---" {
			have = append(have, fmt.Sprintf("|%s|%s|", cells[1], cells[2]))
		}
	}
	require.Equal(t, want, have)
}

// fullWriter takes nothing.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A command whose output is lost has failed, even if it doesn't look.
func TestStandardOutputIsFull(t *testing.T) {
	tiny := golden.Path(t, "tiny-llama")
	ids := filepath.Join(t.TempDir(), "ids.json")
	require.NoError(t, os.WriteFile(ids, []byte("[1, 2]"), 0o600))
	for _, args := range []string{
		"version", "help", "help ner", "--help", "inspect " + tiny, "generate --max-new-tokens 2 --token-ids " + ids + " --model " + tiny,
		"generate --json --max-new-tokens 2 --token-ids " + ids + " --model " + tiny, "tokenize --model " + tiny, "terminology",
	} {
		var stderr strings.Builder
		code := run(t.Context(), strings.Fields(args), strings.NewReader("a\n"), fullWriter{}, &stderr)
		require.Equal(t, exitFailure, code, args)
		require.Contains(t, stderr.String(), "no space left on device", args)
	}
}

// Packages name options, and the command's messages the flags that set them.
func TestMessagesNameFlags(t *testing.T) {
	for option, flag := range map[string]string{"Device": "--device", "KV": "--kv-dtype", "Context": "--context", "Hold": "--weights", "Labels": "--labels"} {
		_, known := reflect.TypeFor[model.Options]().FieldByName(option)
		require.True(t, known, option)
		require.Equal(t, "this would fit: "+flag+" x", printable("this would fit: Options."+option+" x"))
	}
	require.Equal(t, "medner convert --lenient mends", printable("ReadOptions.Annotations: Lenient mends"))
}
