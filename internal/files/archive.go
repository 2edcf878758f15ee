package files

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
)

// Separator stands between the path of an archive and a path inside it.
const Separator = "!/"

// Split splits a path that leads into an archive; ok is false for other paths.
func Split(path string) (archive, name string, ok bool) {
	return strings.Cut(filepath.ToSlash(path), Separator)
}

type archive struct{ *zip.ReadCloser }

func openArchive(path string) (archive, error) {
	z, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) {
		return archive{}, badinput.New(path, "", "no archive at its end", "a bundle")
	}
	if err != nil {
		return archive{}, err
	}
	return archive{z}, nil
}

// at returns an error from inside an archive with the whole path in it.
func at(path string, err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: "open", Path: path, Err: err}
}

// stored returns where the bytes of the file called name lie in the archive. The
// file must be stored uncompressed; path is the whole path, for errors.
func (a archive) stored(path, name string) (offset, size int64, err error) {
	for _, f := range a.File {
		if f.Name != name {
			continue
		}
		if f.Method != zip.Store || f.UncompressedSize64 > math.MaxInt64 {
			return 0, 0, badinput.New(path, "method", fmt.Sprint(f.Method), "a file that is stored uncompressed")
		}
		offset, err := f.DataOffset()
		return offset, int64(f.UncompressedSize64), err
	}
	return 0, 0, at(path, fs.ErrNotExist)
}
