package mmap

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// open maps a whole file.
func open(t *testing.T, path string) *File {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	f, err := openPart(t, path, 0, info.Size())
	require.NoError(t, err)
	return f
}

func openPart(t *testing.T, path string, offset, size int64) (*File, error) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	return Map(f, offset, size)
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	f := open(t, path)
	require.Equal(t, "hello", string(f.Bytes()))
	f.Release()
	require.Equal(t, "hello", string(f.Bytes()))
	require.NoError(t, f.Close())
	f.Release()
	require.NoError(t, f.Close())

	require.NoError(t, os.WriteFile(path, nil, 0o600))
	f = open(t, path)
	require.Empty(t, f.Bytes())
	require.NoError(t, f.Close())
}

func TestOpenPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	content := make([]byte, 200_000)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	require.NoError(t, os.WriteFile(path, content, 0o600))
	for _, part := range [][2]int{{0, 200_000}, {0, 0}, {1, 10}, {4096, 4096}, {65536, 70_000}, {65537, 134_463}, {199_999, 1}, {200_000, 0}} {
		f, err := openPart(t, path, int64(part[0]), int64(part[1]))
		require.NoError(t, err)
		require.Equal(t, string(content[part[0]:part[0]+part[1]]), string(f.Bytes()))
		f.Release()
		require.NoError(t, f.Close())
	}
	for _, part := range [][2]int64{{-1, 5}, {5, -1}, {0, 200_001}, {200_001, 0}, {math.MaxInt64, 1}, {1, math.MaxInt64}} {
		_, err := openPart(t, path, part[0], part[1])
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
	}
}

func TestGuardTurnsAShrunkFileIntoAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o600))
	f := open(t, path)
	defer func() { require.NoError(t, f.Close()) }()
	require.NoError(t, os.Truncate(path, 0))

	dst := make([]byte, 1<<20)
	for name, read := range map[string]func(){
		"copy": func() { copy(dst, f.Bytes()) },
		"loop": func() {
			for i, b := range f.Bytes() {
				dst[i] = b
			}
		},
	} {
		err := Guard(func() error { read(); return nil })
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
	}
}

func TestGuardLeavesTheRestAlone(t *testing.T) {
	cause := errors.New("cause")
	require.Equal(t, cause, Guard(func() error { return cause }))
	require.NoError(t, Guard(func() error { return nil }))
	require.PanicsWithValue(t, "other", func() { _ = Guard(func() error { panic("other") }) })
	require.Panics(t, func() {
		_ = Guard(func() error {
			var p *int
			*p = 1
			return nil
		})
	})
}
