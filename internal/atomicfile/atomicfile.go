// Package atomicfile writes files that are whole or not there at all.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// File is a file that is being written beside the one that it will replace.
// Commit puts it in its place, Discard removes it; one of them must be called.
type File struct {
	*os.File
	path string
	mode os.FileMode // permissions; 0 if path is a device or a pipe, written directly
}

// Create opens a file beside path, which stays as it is until Commit. Links are
// followed. A device or a pipe is opened and written directly, as no file may
// take its place.
func Create(path string) (*File, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		if mode = info.Mode().Perm(); !info.Mode().IsRegular() {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return nil, err
			}
			return &File{File: f, path: path}, nil
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	return &File{f, path, mode}, nil
}

// Executable lets the file be run as a program.
func (f *File) Executable() {
	if f.mode != 0 {
		f.mode |= 0o111
	}
}

// Commit writes the file to disk and gives it its name.
func (f *File) Commit() error {
	if f.mode == 0 {
		return f.Close()
	}
	err := errors.Join(f.Chmod(f.mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Discard removes what was written. path stays as it was.
func (f *File) Discard() error {
	err := f.Close()
	if f.mode != 0 {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Write writes the file path by calling write. If that fails, path stays as it
// was.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
