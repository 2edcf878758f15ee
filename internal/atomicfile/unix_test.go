//go:build unix

package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe is written to, as a device is; no file takes its place. That goes for a
// link to one too.
func TestPipesStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	link(t, path, path+"-link")
	for _, name := range []string{path, path + "-link"} {
		read := make(chan string)
		go func() {
			f, err := os.Open(path)
			if err != nil {
				close(read)
				return
			}
			data, _ := io.ReadAll(f)
			_ = f.Close() // before the next writer opens the pipe, which would take this reader for its own
			read <- string(data)
		}()
		require.NoError(t, Write(name, fill("text")))
		require.Equal(t, "text", <-read)
	}
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeNamedPipe)
}

func TestModesOfNewFiles(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, WriteBytes(path, nil))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())
	require.NoError(t, WriteNew(path+"2", nil))
	info, err = os.Stat(path + "2")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())
	d, err := CreateDir(path + "3")
	require.NoError(t, err)
	require.NoError(t, d.Commit())
	info, err = os.Stat(path + "3")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o750), info.Mode().Perm())
}

// A full device is an error of writing that names it.
func TestFullDisk(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	var wrong *WriteError
	err := Write(full, fill("text"))
	require.ErrorAs(t, err, &wrong)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, full)
}

// A limit on the size of files is a full disk for root too.
func TestFilesThatBecomeTooLarge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, WriteBytes(path, []byte("old")))
	err := Write(path, func(w io.Writer) error {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.MultiWriter(w, f), strings.NewReader("new"))
		return err
	})
	require.Error(t, err)
	require.Equal(t, "old", content(t, path))
	require.Equal(t, []string{"a"}, entries(t, dir))
}

func TestDirectoriesThatCantBeWritten(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	var wrong *WriteError
	require.ErrorAs(t, WriteBytes(filepath.Join(dir, "a"), nil), &wrong)
	require.ErrorAs(t, WriteNew(filepath.Join(dir, "a"), nil), &wrong)
	_, err := CreateDir(filepath.Join(dir, "a"))
	require.ErrorAs(t, err, &wrong)
}
