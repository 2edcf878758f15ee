package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// OverlapError says that what is to be written is also what is read, or lies in
// it, or that two outputs are one.
type OverlapError struct{ err *badinput.Error }

func (e *OverlapError) Error() string { return e.err.Error() }

// Unwrap returns the error as one of the user's input.
func (e *OverlapError) Unwrap() error { return e.err }

func overlap(output, found, want string) error {
	return hint.Add(&OverlapError{badinput.New(output, "", found, want)}, "name another file to write")
}

// Apart returns an *OverlapError if one of the outputs is also one of the inputs,
// lies in a directory that is an input, or is a directory in which an input lies;
// or if two outputs are the same. Files are compared as the system does, so that
// links and different spellings of a path don't matter. "-" is standard output
// among the outputs, and standard input among the inputs. Inputs that aren't there
// and empty names are left out.
func Apart(outputs []string, inputs ...string) error {
	for i, o := range outputs {
		if o == "" {
			continue
		}
		out := look(o, os.Stdout)
		for _, other := range outputs[:i] {
			if other == "" {
				continue
			}
			place := look(other, os.Stdout)
			if place.path != "" && place.path == out.path || same(out.info, place.info) {
				return overlap(o, fmt.Sprintf("the same file as the output %s", other), "another one")
			}
		}
		for _, in := range inputs {
			if in == "" {
				continue
			}
			if err := out.apart(o, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// place is what a path leads to.
type place struct {
	path string      // without links, as far as the path is there; "" for a standard stream
	info fs.FileInfo // nil: nothing is there
}

func look(path string, standard *os.File) place {
	if path == "-" {
		info, err := standard.Stat()
		if err != nil {
			return place{}
		}
		return place{info: info}
	}
	if archive, _, ok := files.Split(path); ok {
		path = archive
	}
	p := place{path: resolved(path)}
	if info, err := os.Stat(path); err == nil {
		p.info = info
	}
	return p
}

// resolved returns path as an absolute path without links. Where nothing is at path, it
// follows the links among the directories above that are there.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// same reports whether two files or directories are one.
func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && (a.Mode().IsRegular() || a.IsDir()) && os.SameFile(a, b)
}

// below reports whether path lies in a directory.
func below(path string, dir fs.FileInfo) bool {
	if path == "" || dir == nil || !dir.IsDir() {
		return false
	}
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && os.SameFile(info, dir) {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// apart returns an error if the place of output overlaps an input.
func (p place) apart(output, input string) error {
	in := look(input, os.Stdin)
	switch {
	case in.info == nil:
		return nil
	case same(p.info, in.info):
		return overlap(output, fmt.Sprintf("the file that is read as %s", input), "another one to write")
	case below(p.path, in.info):
		return overlap(output, fmt.Sprintf("a file in the directory that is read, %s", input), "one outside to write")
	case below(in.path, p.info):
		return overlap(output, fmt.Sprintf("a directory in which %s lies, which is read", input), "another one to write")
	case p.path == "" && in.info.IsDir() && holds(input, p.info):
		return overlap("standard output", fmt.Sprintf("a file in the directory that is read, %s", input), "one outside to write")
	}
	return nil
}

// holds reports whether a directory, or one below it, has an entry that is the
// regular file file.
func holds(dir string, file fs.FileInfo) bool {
	if file == nil || !file.Mode().IsRegular() {
		return false
	}
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // what can't be looked at is reported when it is read
		}
		if info, err := d.Info(); err == nil && os.SameFile(info, file) {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}
