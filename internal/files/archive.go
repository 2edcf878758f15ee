package files

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// Separator stands between the path of an archive and a path inside it.
const Separator = "!/"

// maxEntries bounds the number of files in a bundle.
const maxEntries = 4096

// Split splits a path that leads into an archive; ok is false for other paths,
// such as those through a directory whose name ends with an exclamation mark.
func Split(path string) (archive, name string, ok bool) {
	slashed := filepath.ToSlash(path)
	for from := 0; ; {
		at := strings.Index(slashed[from:], Separator)
		if at < 0 {
			return path, "", false
		}
		at += from
		if info, err := os.Stat(slashed[:at+1]); err != nil || !info.IsDir() {
			return slashed[:at], slashed[at+len(Separator):], true
		}
		from = at + len(Separator)
	}
}

// Archive is the open archive of a bundle.
type Archive struct {
	*zip.Reader
	path string
	file *os.File
	size int64 // of the file, in bytes
}

// ErrNoArchive says that a file doesn't end with an archive that can be read.
var ErrNoArchive = errors.New("found no archive at its end, or a damaged one, expected a bundle, whole to its last byte")

// OpenArchive opens the archive at the end of the file path. An archive that
// medner can't have written is a *badinput.Error: each entry is a regular file,
// uncompressed, under a relative path of its own.
func OpenArchive(path string) (*Archive, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	a := &Archive{path: path, file: f, size: info.Size()}
	if err := a.read(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return a, nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.file.Close() }

func (a *Archive) read() (err error) {
	if a.Reader, err = zip.NewReader(a.file, a.size); errors.Is(err, zip.ErrFormat) {
		return badinput.Wrap(a.path, "", ErrNoArchive)
	}
	if err != nil {
		return badinput.Wrap(a.path, "archive", err)
	}
	// An archive ends with a record of 22 bytes, which begins with these four.
	end := make([]byte, 22)
	if _, err := a.file.ReadAt(end, a.size-int64(len(end))); err != nil || string(end[:4]) != "PK\x05\x06" {
		return badinput.New(a.path, "", "bytes behind its archive", "a bundle, whole to its last byte")
	}
	if n := len(a.File); n > maxEntries {
		return badinput.New(a.path, "entries", fmt.Sprint(n), fmt.Sprintf("at most %d", maxEntries))
	}
	seen := make(map[string]bool, len(a.File))
	for _, f := range a.File {
		if err := checkEntry(a.path, f); err != nil {
			return err
		}
		folded := strings.ToLower(f.Name)
		if seen[folded] {
			return badinput.New(a.path, fmt.Sprintf("entry %q", clip.Text(f.Name)), "the name twice", "names that differ, whatever the case of letters")
		}
		seen[folded] = true
	}
	return nil
}

// ValidEntry reports whether an entry of a bundle may have a name: it is a relative
// path that stays in the bundle, on every system.
func ValidEntry(name string) bool {
	return fs.ValidPath(name) && name != "." && !strings.ContainsAny(name, "\\\x00")
}

// checkEntry checks what the archive's directory says of an entry.
func checkEntry(path string, f *zip.File) error {
	const encrypted = 1
	field := fmt.Sprintf("entry %q", clip.Text(f.Name))
	switch {
	case !ValidEntry(f.Name):
		return badinput.New(path, field, "that path", "a relative path with slashes, without . and ..")
	case !f.Mode().IsRegular():
		return badinput.New(path, field, Kind(f.Mode()), "a regular file")
	case f.Method != zip.Store || f.Flags&encrypted != 0 || f.CompressedSize64 != f.UncompressedSize64:
		return badinput.New(path, field, fmt.Sprintf("method %d", f.Method), "a file that is stored uncompressed")
	}
	return nil
}

// at returns an error from inside an archive with the whole path in it. Errors
// that are not of the file system are the archive's fault.
func at(path string, err error) error {
	for _, missing := range []error{fs.ErrNotExist, fs.ErrInvalid} {
		if errors.Is(err, missing) {
			return &fs.PathError{Op: "open", Path: path, Err: missing}
		}
	}
	return badinput.Wrap(path, "archive", err)
}

// stored returns where the bytes of the file called name lie in the archive;
// path is the whole path, for errors.
func (a *Archive) stored(path, name string) (offset, size int64, err error) {
	for _, f := range a.File {
		if f.Name != name {
			continue
		}
		offset, err := f.DataOffset()
		if err != nil {
			return 0, 0, at(path, err)
		}
		if size := f.UncompressedSize64; size > uint64(a.size) || offset > a.size-int64(size) {
			return 0, 0, badinput.New(path, "size", fmt.Sprint(size), fmt.Sprintf("at most the %d bytes of the bundle", a.size))
		}
		return offset, int64(f.UncompressedSize64), nil
	}
	return 0, 0, at(path, fs.ErrNotExist)
}
