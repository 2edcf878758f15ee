// Package atomicfile writes what medner writes to disk: files and directories that
// are whole or not there at all. Everything is written beside the place where it
// shall be, under a name that begins with a dot, flushed to disk, and then
// renamed; what was there before stays as it is until then.
//
// An output can't be a link: a file is never written through a link to somewhere
// else, and a link is never replaced. A link to a device or a pipe, as /dev/stdout
// is, is followed, as these are written directly.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// WriteError says that an output can't be written, for a reason that lies in the
// file system.
type WriteError struct{ Err error }

// Error says "write" once: errors of the file system begin with what was called.
func (e *WriteError) Error() string {
	var file *os.PathError
	if errors.As(e.Err, &file) && file.Error() == e.Err.Error() {
		return "write " + file.Path + ": " + file.Err.Error()
	}
	return "write " + e.Err.Error()
}

// Unwrap returns what the file system said.
func (e *WriteError) Unwrap() error { return e.Err }

// failed returns err, if it isn't nil, as a *WriteError, with the path of the
// output in place of that of the temporary file.
func failed(path string, err error) error {
	var write *WriteError
	if err == nil || errors.As(err, &write) {
		return err
	}
	var inner *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &inner):
		err = inner.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &WriteError{fmt.Errorf("%s: %w", path, err)}
}

// File is a file that is being written beside the one that it will replace.
// Commit puts it in its place, Discard removes it; one of them must be called.
type File struct {
	file   *os.File
	path   string
	mode   os.FileMode // permissions that Commit sets; 0: the file keeps those it was made with
	direct bool        // path is a device or a pipe, which is written directly
}

// Create opens a file beside path, which stays as it is until Commit. A device or
// a pipe is opened and written directly, as no file may take its place. A link to
// anything else and a directory are a *badinput.Error.
func Create(path string) (*File, error) {
	info, special, err := Target(path)
	if err != nil {
		return nil, err
	}
	if special {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, failed(path, err)
		}
		return &File{file: f, path: path, direct: true}, nil
	}
	f := &File{path: path}
	perm := os.FileMode(0o666) // less the umask
	if info != nil {
		f.mode, perm = info.Mode().Perm(), 0o600
	}
	if f.file, err = createBeside(path, perm); err != nil {
		return nil, err
	}
	return f, nil
}

// Target looks at a path that an output shall have. It returns a description of what is
// there, nil if nothing is; special says that it is a device or a pipe. A directory, and
// a link to anything but a device or a pipe, are a *badinput.Error.
func Target(path string) (info os.FileInfo, special bool, err error) {
	info, err = os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failed(path, err)
	}
	if info.Mode()&os.ModeSymlink != 0 {
		to, err := os.Stat(path)
		if err != nil || to.Mode().IsRegular() || to.IsDir() {
			return nil, false, hint.Add(badinput.New(path, "", "a symbolic link", "a file to write, or a name that is free"), "name the file that the link leads to, or remove the link")
		}
		info = to
	}
	if info.IsDir() {
		return nil, false, badinput.New(path, "", "a directory", "a file to write, or a name that is free")
	}
	return info, !info.Mode().IsRegular(), nil
}

// Ready returns an error if Create would fail at path, as far as that can be told
// without writing: long work can look before it begins. An empty path is ready.
func Ready(path string) error {
	if path == "" {
		return nil
	}
	if _, _, err := Target(path); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Dir(path))
	return failed(path, err)
}

// createBeside opens a new file in the directory of path, under another name.
func createBeside(path string, perm os.FileMode) (*os.File, error) {
	for {
		name := beside(path)
		remember(name)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if err == nil {
			return f, nil
		}
		forget(name)
		if !errors.Is(err, os.ErrExist) {
			return nil, failed(path, err)
		}
	}
}

// beside returns a name in the directory of path that begins with a dot.
func beside(path string) string {
	const longest = 200 // so that the whole fits into the 255 bytes of a name
	base := filepath.Base(path)
	if len(base) > longest {
		base = strings.ToValidUTF8(base[:longest], "")
	}
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x", base, rand.Uint32()))
}

// Executable lets those who may read the file run it as a program.
func (f *File) Executable() error {
	if f.direct {
		return nil
	}
	info, err := f.file.Stat()
	if err != nil {
		return failed(f.path, err)
	}
	if f.mode == 0 {
		f.mode = info.Mode().Perm()
	}
	f.mode |= f.mode & 0o444 >> 2
	return nil
}

// Write implements io.Writer. Errors name the output.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	return n, failed(f.path, err)
}

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	at, err := f.file.Seek(offset, whence)
	return at, failed(f.path, err)
}

// Commit writes the file to disk and gives it its name.
func (f *File) Commit() error {
	if f.direct {
		return failed(f.path, f.file.Close())
	}
	defer forget(f.file.Name())
	var err error
	if f.mode != 0 {
		err = f.file.Chmod(f.mode)
	}
	if err = errors.Join(err, f.file.Sync(), f.file.Close()); err == nil {
		// What is at path now may be another thing than at the beginning.
		if _, special, wrong := Target(f.path); wrong != nil {
			err = wrong
		} else if special {
			err = badinput.New(f.path, "", "a device or a pipe", "the file that was there before")
		} else {
			err = os.Rename(f.file.Name(), f.path)
		}
	}
	if err != nil {
		_ = os.Remove(f.file.Name()) // the first error says more
		var bad *badinput.Error
		if errors.As(err, &bad) {
			return err
		}
		return failed(f.path, err)
	}
	return SyncDir(filepath.Dir(f.path))
}

// Discard removes what was written. path stays as it was.
func (f *File) Discard() error {
	err := f.file.Close()
	if !f.direct {
		err = errors.Join(err, os.Remove(f.file.Name()))
		forget(f.file.Name())
	}
	return failed(f.path, err)
}

// Write writes the file path by calling write. If that fails, path stays as it
// was.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Discard() // the first error says more
		return err
	}
	return f.Commit()
}

// WriteBytes writes a file that holds data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteNew writes a file that isn't there yet, or that holds data already: another
// file of that name is left as it is, and is a *badinput.Error. The file isn't
// flushed to disk, as it is one of many.
func WriteNew(path string, data []byte) error {
	info, special, err := Target(path)
	if err != nil {
		return err
	}
	if info != nil {
		other := hint.Add(badinput.New(path, "", "another file of that name", "none, or one with the same content"), "remove it, or write to another place")
		if special || info.Size() != int64(len(data)) {
			return other
		}
		if have, err := files.Read(path, int64(len(data)), "the same content"); err != nil || string(have) != string(data) {
			return other
		}
		return nil
	}
	f, err := createBeside(path, 0o666)
	if err != nil {
		return err
	}
	defer forget(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return failed(path, err)
}
