// Package atomicfile writes files that are whole or not there at all.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// File is a file that takes its place when it is committed. One of Commit and
// Discard ends it.
type File struct {
	*os.File
	path string
	mode os.FileMode // 0: written in place
}

// Create opens a file beside path, which stays as it is until Commit. Links are
// followed. What isn't a file, a device or a pipe, is written as it is: nothing
// may take its place.
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

// Executable has the file become one that can be run.
func (f *File) Executable() {
	if f.mode != 0 {
		f.mode |= 0o111
	}
}

// Commit has the file on disk, under its name.
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

// Discard leaves path as it was.
func (f *File) Discard() error {
	err := f.Close()
	if f.mode != 0 {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Write makes a file of what write writes; where that fails, there is none.
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
