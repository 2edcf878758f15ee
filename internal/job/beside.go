package job

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// Beside returns the paths of the files that a job may write beside its output.
func Beside(output string) []string {
	if output == "" {
		return nil
	}
	return []string{output + JournalSuffix, output + partialSuffix}
}

// lookAtJournal reports whether the output at path has a journal. A file of the
// journal's name that medner didn't write is an error.
func lookAtJournal(path string) (found bool, err error) {
	name := path + JournalSuffix
	info, err := os.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	foreign := func(found string) error {
		return hint.Add(badinput.New(name, "", found, "the journal of an earlier run, or a name that is free"), "remove it, or write to another file")
	}
	if !info.Mode().IsRegular() {
		return false, foreign(files.Kind(info.Mode()))
	}
	f, err := files.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	first := make([]byte, len(journalMagic))
	n, err := io.ReadFull(f, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	if string(first[:n]) != journalMagic[:n] {
		return false, foreign("a file that is no journal of medner")
	}
	return true, nil
}

// lockJournal makes sure that one process writes an output at a time. File systems
// without locks are left alone.
func lockJournal(path string) (release func() error, err error) {
	release, err = filelock.Try(path + JournalSuffix)
	if errors.Is(err, filelock.ErrBusy) {
		return nil, hint.Add(fmt.Errorf("%s: %w", path, err), "another run writes this output; wait until it ends, or write to another file")
	}
	if err != nil {
		return nil, nil
	}
	return release, nil
}

// clear removes the journal of an earlier run and what it has written to
// FILE.partial. A FILE.partial without a journal isn't medner's.
func (j *journal) clear(before bool) error {
	partial := j.path + partialSuffix
	info, err := os.Lstat(partial)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if info != nil && (!before || !info.Mode().IsRegular() || !saysPartial(j.path+JournalSuffix)) {
		return hint.Add(badinput.New(partial, "", files.Kind(info.Mode())+" that no run of medner has left", "a name that is free"), "remove it, or write to another file")
	}
	if info != nil {
		if err := os.Remove(partial); err != nil {
			return writing(err)
		}
	}
	if !before {
		return nil
	}
	if j.release != nil {
		if err := j.release(); err != nil {
			return err
		}
		j.release = nil
	}
	return writing(os.Remove(j.path + JournalSuffix))
}
