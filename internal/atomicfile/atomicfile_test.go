package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func fill(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// entries returns the names in a directory.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, Write(path, fill("one")))
	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, Write(path, fill("two")))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o640), info.Mode(), "the mode is kept")
	}

	broken := errors.New("broken")
	require.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(fill("half")(w), broken) }), broken)
	require.Equal(t, "two", content(t, path))
	require.Equal(t, []string{"a"}, entries(t, dir), "nothing is left over")

	var wrong *WriteError
	err = Write(filepath.Join(dir, "none", "a"), fill("x"))
	require.ErrorAs(t, err, &wrong)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join("none", "a")+":")
	f, err := Create(filepath.Join(dir, "none", "a"))
	require.ErrorAs(t, err, &wrong)
	require.Nil(t, f, "a file beside an error would be nil inside")
	require.ErrorAs(t, Ready(filepath.Join(dir, "none", "a")), &wrong)
	require.NoError(t, Ready(path))
	require.NoError(t, Ready(path+".new"))
	require.NoError(t, Ready(""))
	var bad *badinput.Error
	require.ErrorAs(t, Ready(dir), &bad)
	require.ErrorAs(t, Write(dir, fill("x")), &bad)
	require.Error(t, Write(filepath.Join(path, "below-a-file"), fill("x")))

	long := filepath.Join(dir, strings.Repeat("é", 127))
	require.NoError(t, Write(long, fill("x")), "a name of 254 bytes")
	require.NoError(t, WriteBytes(path, []byte("three")))
	require.Equal(t, "three", content(t, path))
}

// A file that a crash leaves behind is under another name: the path has the old
// content until the new one is whole.
func TestTheOldFileStaysUntilCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, WriteBytes(path, []byte("old")))
	f, err := Create(path)
	require.NoError(t, err)
	_, err = f.Write([]byte("new"))
	require.NoError(t, err)
	require.Equal(t, "old", content(t, path))
	require.Equal(t, byte('.'), entries(t, dir)[0][0], "the temporary file is hidden")
	require.NoError(t, f.Commit())
	require.Equal(t, "new", content(t, path))
	require.Equal(t, []string{"a"}, entries(t, dir))
}

func TestExecutable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no such bits")
	}
	path := filepath.Join(t.TempDir(), "a")
	for _, c := range []struct{ before, want os.FileMode }{{0o600, 0o700}, {0o644, 0o755}, {0o640, 0o750}} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chmod(path, c.before))
		f, err := Create(path)
		require.NoError(t, err)
		require.NoError(t, f.Executable())
		require.NoError(t, f.Commit())
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, c.want, info.Mode())
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
}

func TestLinksAreRefused(t *testing.T) {
	dir := t.TempDir()
	target, folder := filepath.Join(dir, "target"), filepath.Join(dir, "folder")
	require.NoError(t, os.WriteFile(target, []byte("precious"), 0o644))
	require.NoError(t, os.Mkdir(folder, 0o755))
	for name, to := range map[string]string{"file": target, "folder": folder, "dangling": target + ".none"} {
		path := filepath.Join(dir, name+"-link")
		link(t, to, path)
		var bad *badinput.Error
		require.ErrorAs(t, Write(path, fill("text")), &bad, name)
		require.ErrorAs(t, WriteNew(path, []byte("text")), &bad, name)
		require.ErrorAs(t, Folder(path), &bad, name)
		_, err := CreateDir(path)
		require.ErrorAs(t, err, &bad, name)
		now, err := os.Readlink(path)
		require.NoError(t, err)
		require.Equal(t, to, now)
	}
	require.Equal(t, "precious", content(t, target))
	require.NoFileExists(t, target+".none")
	require.NoError(t, Folder(filepath.Join(dir, "folder-link")+"/"), "a slash at the end follows the link")

	// A link that appears while the file is being written is not followed either.
	late := filepath.Join(dir, "late")
	f, err := Create(late)
	require.NoError(t, err)
	link(t, target, late)
	require.Error(t, f.Commit())
	require.Equal(t, "precious", content(t, target))
	require.NotContains(t, strings.Join(entries(t, dir), " "), ".late")
}

// The other name of a file with two keeps what it had.
func TestHardLinks(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(a, []byte("precious"), 0o644))
	if err := os.Link(a, b); err != nil {
		t.Skip(err)
	}
	require.NoError(t, WriteBytes(b, []byte("new")))
	require.Equal(t, "precious", content(t, a))
	require.Equal(t, "new", content(t, b))
}

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, WriteNew(path, []byte("text")))
	require.NoError(t, WriteNew(path, []byte("text")), "the same again")
	var bad *badinput.Error
	for _, other := range []string{"", "tex", "texT", "text and more"} {
		require.ErrorAs(t, WriteNew(path, []byte(other)), &bad)
	}
	require.Equal(t, "text", content(t, path))
	require.ErrorAs(t, WriteNew(filepath.Dir(path), nil), &bad)
	require.Equal(t, []string{"a"}, entries(t, filepath.Dir(path)))
}

func TestDir(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "above", "a")
	d, err := CreateDir(path)
	require.NoError(t, err)
	require.NoError(t, WriteBytes(filepath.Join(d.Path, "x"), []byte("1")))
	require.NoDirExists(t, path)
	require.NoError(t, d.Commit())
	require.Equal(t, "1", content(t, filepath.Join(path, "x")))
	require.Equal(t, []string{"a"}, entries(t, filepath.Dir(path)))

	var bad *badinput.Error
	_, err = CreateDir(path)
	require.ErrorAs(t, err, &bad, "not empty")
	_, err = CreateDir(filepath.Join(path, "x"))
	require.ErrorAs(t, err, &bad, "a file")

	empty := filepath.Join(root, "empty")
	require.NoError(t, os.Mkdir(empty, 0o755))
	d, err = CreateDir(empty)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(empty, "late"), nil, 0o644))
	require.ErrorAs(t, d.Commit(), &bad, "it isn't empty any more")
	require.Equal(t, []string{"late"}, entries(t, empty))

	d, err = CreateDir(filepath.Join(root, "b"))
	require.NoError(t, err)
	require.NoError(t, d.Discard())
	require.Equal(t, []string{"above", "empty"}, entries(t, root))
}

// An error of writing says "write" once, and which file, whatever call failed.
func TestWriteErrorsSayWriteOnce(t *testing.T) {
	full := errors.New("no space left")
	for _, op := range []string{"write", "open", "sync"} {
		err := error(&WriteError{&os.PathError{Op: op, Path: "a/b", Err: full}})
		require.EqualError(t, err, "write a/b: no space left")
		require.ErrorIs(t, err, full)
	}
	require.EqualError(t, &WriteError{full}, "write no space left")
	wrapped := &WriteError{fmt.Errorf("part 3: %w", &os.PathError{Op: "write", Path: "a", Err: full})}
	require.EqualError(t, wrapped, "write part 3: write a: no space left")
}
