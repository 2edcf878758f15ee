//go:build unix

package files

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// Whatever isn't a regular file is refused at once, and isn't read.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	pipe, folder, device := filepath.Join(dir, "pipe"), filepath.Join(dir, "folder"), filepath.Join(dir, "device")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.Symlink(os.DevNull, device))
	require.NoError(t, os.Symlink(pipe, pipe+"-link"))
	for path, found := range map[string]string{pipe: "a pipe", pipe + "-link": "a pipe", folder: "a directory", device: "a device", os.DevNull: "a device"} {
		for name, open := range map[string]func() error{
			"Read":        func() error { _, err := Read(path, 10, "x"); return err },
			"Open":        func() error { _, err := Open(path); return err },
			"OpenAt":      func() error { _, _, err := OpenAt(path); return err },
			"Map":         func() error { _, err := Map(path); return err },
			"HashFile":    func() error { _, err := HashFile(t.Context(), path); return err },
			"OpenArchive": func() error { _, err := OpenArchive(path); return err },
			"in archive":  func() error { _, err := Read(path+"!/x", 10, "x"); return err },
		} {
			var bad *badinput.Error
			require.ErrorAs(t, open(), &bad, "%s %s", name, path)
			require.Equal(t, path, bad.File, name)
			require.Equal(t, found, bad.Found, name)
		}
		if found != "a pipe" {
			_, err := OpenStream(path)
			require.Error(t, err, path)
		}
		if found != "a directory" {
			_, err := ReadDir(path)
			require.Error(t, err, path)
		}
	}
	read := make(chan string)
	go func() {
		f, err := OpenStream(pipe)
		if err != nil {
			close(read)
			return
		}
		defer f.Close()
		data, _ := io.ReadAll(f)
		read <- string(data)
	}()
	f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("streamed")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, "streamed", <-read)
}
