package atomicfile

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// Dir is a directory that is being filled beside its place. Commit puts it there,
// Discard removes it; one of them must be called.
type Dir struct {
	Path string // where to write the directory's files until Commit
	to   string // the directory's path after Commit
}

// CreateDir makes a directory beside path, where a new or an empty directory must
// be. The directories above it are made too.
func CreateDir(path string) (*Dir, error) {
	path = filepath.Clean(path)
	if err := EmptyDir(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, failed(path, err)
	}
	for {
		d := &Dir{Path: beside(path), to: path}
		remember(d.Path)
		err := os.Mkdir(d.Path, 0o777)
		if err == nil {
			return d, nil
		}
		forget(d.Path)
		if !errors.Is(err, os.ErrExist) {
			return nil, failed(path, err)
		}
	}
}

// EmptyDir returns an error unless path is an empty directory or a name that is
// free.
func EmptyDir(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return failed(path, err)
	case !info.IsDir():
		return badinput.New(path, "", files.Kind(info.Mode()), "a new or an empty directory")
	}
	entries, err := files.ReadDir(path)
	if err != nil {
		return failed(path, err)
	}
	if len(entries) > 0 {
		return hint.Add(badinput.New(path, "", "a directory that is not empty", "a new or an empty one"), "remove it, or name another one")
	}
	return nil
}

// Commit gives the directory its name.
func (d *Dir) Commit() error {
	defer forget(d.Path)
	err := SyncDir(d.Path)
	if err == nil {
		if err = EmptyDir(d.to); err == nil {
			err = os.Remove(d.to)
			if err == nil || errors.Is(err, os.ErrNotExist) {
				err = os.Rename(d.Path, d.to)
			}
		}
	}
	if err != nil {
		_ = os.RemoveAll(d.Path) // the first error says more
		var bad *badinput.Error
		if errors.As(err, &bad) {
			return err
		}
		return failed(d.to, err)
	}
	return SyncDir(filepath.Dir(d.to))
}

// Discard removes the directory with all that was written into it.
func (d *Dir) Discard() error {
	defer forget(d.Path)
	return failed(d.to, os.RemoveAll(d.Path))
}

// Folder makes sure that path is a directory in which files can be written one by
// one. A link isn't followed, unless path ends with a slash.
func Folder(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return failed(path, os.MkdirAll(path, 0o777))
	case err != nil:
		return failed(path, err)
	case !info.IsDir():
		err := badinput.New(path, "", files.Kind(info.Mode()), "a folder, or a name that is free")
		if info.Mode()&os.ModeSymlink != 0 {
			return hint.Add(err, "name the folder that the link leads to, or end the name with a slash")
		}
		return err
	}
	return nil
}

// MakeAll makes a directory and those above it, where they are missing. Links are
// followed.
func MakeAll(path string) error { return failed(path, os.MkdirAll(path, 0o777)) }

// Scratch makes an empty directory at path, in place of what an earlier process
// has left there. Discard removes it.
func Scratch(path string) (*Dir, error) {
	d := &Dir{Path: path, to: path}
	remember(path)
	if err := errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o777)); err != nil {
		forget(path)
		return nil, failed(path, err)
	}
	return d, nil
}

// ReplaceDir gives the directory from the name to, in place of what is there.
func ReplaceDir(from, to string) error {
	if err := SyncDir(from); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return failed(to, err)
	}
	return Move(from, to)
}

// Move gives a file or a directory another name on the same disk. A file of that
// name is replaced.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return failed(to, err)
	}
	return SyncDir(filepath.Dir(to))
}

// Remove removes a file, if it is there.
func Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return failed(path, err)
}
