package files

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// place writes files into a directory and into an archive at the end of a file
// with other bytes, and returns the paths of both.
func place(t *testing.T, content map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	bundle := filepath.Join(t.TempDir(), "program")
	f, err := os.Create(bundle)
	require.NoError(t, err)
	n, err := f.WriteString("a program")
	require.NoError(t, err)
	z := zip.NewWriter(f)
	z.SetOffset(int64(n))
	for name, text := range content {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return []string{dir, bundle + "!"}
}

func TestDirectoryAndBundleAlike(t *testing.T) {
	for _, root := range place(t, map[string]string{"m/a.json": "{}", "m/b.json": "[1]", "m/c.txt": "", "other/a.json": "x"}) {
		path := filepath.Join(root, "m", "b.json")
		data, err := Read(path, 3, "three bytes")
		require.NoError(t, err)
		require.Equal(t, "[1]", string(data))
		_, err = Read(path, 2, "two bytes")
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.Equal(t, path, bad.File)
		require.Equal(t, "two bytes", bad.Want)

		m, err := Map(path)
		require.NoError(t, err)
		require.Equal(t, "[1]", string(m.Bytes()))
		require.NoError(t, m.Close())

		info, err := Stat(path)
		require.NoError(t, err)
		require.EqualValues(t, 3, info.Size())
		info, err = Stat(filepath.Join(root, "m"))
		require.NoError(t, err)
		require.True(t, info.IsDir())

		paths, err := Glob(filepath.Join(root, "m"), "*.json")
		require.NoError(t, err)
		require.Equal(t, []string{filepath.Join(root, "m", "a.json"), path}, paths)
		paths, err = Glob(filepath.Join(root, "none"), "*")
		require.NoError(t, err)
		require.Empty(t, paths)

		missing := filepath.Join(root, "m", "none")
		_, err = Read(missing, 1, "")
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, missing)
		_, err = Map(missing)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, missing)
		_, err = Stat(missing)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, missing)
		_, err = Read(path+"/below", 1, "")
		require.Error(t, err)
	}
}

func TestNoBundle(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, []byte("no archive"), 0o600))
	_, err := Read(plain+"!/a", 1, "")
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, plain, bad.File)
	_, err = Read(plain+".none!/a", 1, "")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
