// Package files opens what medner reads: models, adapters, indices, documents.
// Every input of the program is opened here, so that no input can be a device, or
// a pipe that nobody writes to.
//
// The files of a model may lie in a directory, or inside a bundle, an executable
// with a zip archive at its end. A path into a bundle is the bundle's path, "!/"
// and the name in the archive: medner-mesh!/model/config.json.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// Read reads a file of at most limit bytes. The error for a larger one says that
// kind was expected.
func Read(path string, limit int64, kind string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		if _, _, ok := Split(path); ok {
			return nil, at(path, err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, badinput.New(path, "size", fmt.Sprintf("more than %d bytes", limit), kind)
	}
	return data, nil
}

// Open opens a regular file for reading.
func Open(path string) (io.ReadCloser, error) {
	archive, name, ok := Split(path)
	if !ok {
		f, _, err := openRegular(path)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
	z, err := OpenArchive(archive)
	if err != nil {
		return nil, err
	}
	f, err := z.Open(name)
	if err == nil {
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil {
			err = wantRegular(path, info)
		}
		if err != nil {
			_ = f.Close()
		}
	}
	if err != nil {
		_ = z.Close()
		var bad *badinput.Error
		if errors.As(err, &bad) {
			return nil, err
		}
		return nil, at(path, err)
	}
	return both{f, z}, nil
}

// both closes a file and the archive that it is in.
type both struct {
	fs.File
	archive io.Closer
}

func (b both) Close() error {
	_ = b.File.Close()
	return b.archive.Close()
}

// Stat describes a file or a directory.
func Stat(path string) (fs.FileInfo, error) {
	archive, name, ok := Split(path)
	if !ok {
		return os.Stat(path)
	}
	z, err := OpenArchive(archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	info, err := fs.Stat(z, name)
	if err != nil {
		return nil, at(path, err)
	}
	return info, nil
}

// Glob returns the paths of a directory's files that match a pattern, sorted;
// none if there is no such directory.
func Glob(dir, pattern string) ([]string, error) {
	system := os.DirFS(dir)
	if archive, name, ok := Split(dir); ok {
		z, err := OpenArchive(archive)
		if err != nil {
			return nil, err
		}
		defer func() { _ = z.Close() }()
		if system, err = fs.Sub(z, name); err != nil {
			return nil, err
		}
	}
	names, err := fs.Glob(system, pattern)
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	slices.Sort(names)
	return names, err
}

// Map maps a regular file into memory.
func Map(path string) (*mmap.File, error) {
	archive, name, ok := Split(path)
	if !ok {
		f, info, err := openRegular(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		return mmap.Map(f, 0, info.Size())
	}
	z, err := OpenArchive(archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	offset, size, err := z.stored(path, name)
	if err != nil {
		return nil, err
	}
	return mmap.Map(z.file, offset, size)
}
