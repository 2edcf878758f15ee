package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func fill(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, Write(path, fill("one")))
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, Write(path, fill("two")))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o600), info.Mode(), "the mode is kept")
	}

	broken := errors.New("broken")
	require.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(fill("half")(w), broken) }), broken)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left over")
	require.Error(t, Write(filepath.Join(dir, "none", "a"), fill("x")))
}

func TestLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(target, nil, 0o644))
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	require.NoError(t, Write(link, fill("text")))
	data, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "text", string(data))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
}
