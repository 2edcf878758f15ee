package files

import (
	"io"
	"io/fs"
	"os"

	"github.com/medner/medner/badinput"
)

// openRegular opens a regular file, and nothing else: what is read of a device
// may never end, and opening a pipe may wait for ever. Links are followed. The
// file is looked at before it is opened, as opening a device can have effects,
// and again afterwards, as another file may have taken its name.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := wantRegular(path, info); err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = wantRegular(path, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func wantRegular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return badinput.New(path, "", Kind(info.Mode()), "a regular file")
}

// Kind says in words what kind of file a mode is of.
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// OpenStream opens a file that is read once, from its first byte to its last: a
// regular file, or a pipe that the user names, for which OpenStream waits until
// another process opens it for writing. Devices are refused.
func OpenStream(path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		f, _, err := openRegular(path)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
	return os.Open(path)
}

// ReadDir returns the entries of a directory, sorted by name.
func ReadDir(path string) ([]fs.DirEntry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, badinput.New(path, "", Kind(info.Mode()), "a directory")
	}
	return os.ReadDir(path)
}

// ReaderAt reads a file at any place.
type ReaderAt interface {
	io.ReaderAt
	io.Closer
}

// OpenAt opens a regular file to be read at any place, and returns its size in
// bytes.
func OpenAt(path string) (ReaderAt, int64, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}
