package files

import (
	"archive/zip"
	"context"
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

// A directory whose name ends with an exclamation mark is no bundle, and may hold
// one.
func TestExclamationMarks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x!")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "model"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model", "a.json"), []byte("{}"), 0o600))
	data, err := Read(filepath.Join(dir, "model", "a.json"), 10, "")
	require.NoError(t, err)
	require.Equal(t, "{}", string(data))
	paths, err := Glob(filepath.Join(dir, "model"), "*")
	require.NoError(t, err)
	require.Len(t, paths, 1)
	_, _, ok := Split(filepath.Join(dir, "model"))
	require.False(t, ok)

	inner := filepath.Join(dir, "program")
	bundle := place(t, map[string]string{"m/b": "inside"})[1]
	require.NoError(t, os.Rename(bundle[:len(bundle)-1], inner))
	data, err = Read(inner+"!/m/b", 10, "")
	require.NoError(t, err)
	require.Equal(t, "inside", string(data))
	archive, name, ok := Split(inner + "!/m/b")
	require.True(t, ok)
	require.Equal(t, inner, archive)
	require.Equal(t, "m/b", name)

	// A file x beside the directory x! changes nothing for the directory.
	require.NoError(t, os.WriteFile(dir[:len(dir)-1], []byte("no archive"), 0o600))
	_, err = Read(filepath.Join(dir, "model", "a.json"), 10, "")
	require.NoError(t, err)
}

func TestHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o600))
	sum, err := HashFile(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = HashFile(ctx, path)
	require.ErrorIs(t, err, context.Canceled)
}
