package job

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// Output says where results go and how they are written.
type Output struct {
	// Path is a file, a device, a pipe or, for brat, a folder. A file in a format
	// of format.Appendable gets a journal. A file in another format appears when
	// the job is complete; it can't be resumed, as devices, pipes and folders can't.
	// A file whose name ends in .gz or .zst is compressed; in one with a journal each
	// document is a member (gzip) or frame (zstd) of its own, so that it can be cut
	// and continued behind each document.
	Path string
	// Stream is written to where Path is "".
	Stream io.Writer
	// Resume goes on with the file that an earlier run left, if there is one. The
	// journal then stays when the job is complete.
	Resume bool
	// Settings, by name, are all that the results depend on beside the documents:
	// a job can be resumed only by one with the same settings.
	Settings map[string]string
	// Write says how to write; Written is set by Run.
	Write format.WriteOptions

	// open opens a file; tests replace it. nil: os.OpenFile.
	open func(name string, flag int, perm os.FileMode) (file, error)
}

// file is what a journal and its output need of an *os.File.
type file interface {
	io.ReadWriteSeeker
	io.Closer
	Stat() (os.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// OutputError says that the parts of an Output don't go together.
type OutputError struct {
	Part    string // "path" or "resume"
	Problem string
}

func (e *OutputError) Error() string { return e.Part + ": " + e.Problem }

// Check returns an *OutputError if the output can't be written as it says. It
// looks at what Path is, and opens nothing.
func (o *Output) Check() error {
	if o.Path == "" && format.InFolder(o.Write.Format, o.Path) {
		return &OutputError{"path", fmt.Sprintf("expected the path of a folder, which is what format %s writes", o.Write.Format)}
	}
	if !o.Resume {
		return nil
	}
	switch {
	case o.Path == "":
		return &OutputError{"resume", "expected the path of an output file"}
	case !slices.Contains(format.Appendable(), o.Write.Format):
		var names []string
		for _, f := range format.Appendable() {
			names = append(names, string(f))
		}
		return &OutputError{"resume", fmt.Sprintf("found format %s, expected one of %s", o.Write.Format, strings.Join(names, ", "))}
	case format.InFolder(o.Write.Format, o.Path):
		return &OutputError{"resume", fmt.Sprintf("found a folder, which format %s writes there, expected the path of an output file", o.Write.Format)}
	case isSpecial(o.Path):
		return &OutputError{"resume", fmt.Sprintf("%s is no file", o.Path)}
	}
	return nil
}

// isSpecial says that path is there and no regular file.
func isSpecial(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// sink writes results to an Output.
type sink struct {
	writer  format.Writer
	buffer  *bufio.Writer       // below writer; nil: a folder, which has no order
	packer  *files.Compressor   // below buffer
	flushes bool                // each document is to be read as soon as it is written
	journal *journal            // below packer, if the output is a file
	folder  format.FolderWriter // is writer, or nil
	whole   *atomicfile.File    // below packer, if the output can't be written a part at a time
}

func openSink(o Output) (*sink, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s := &sink{flushes: true}
	var err error
	var below io.Writer
	switch {
	case format.InFolder(o.Write.Format, o.Path):
		if s.folder, err = format.NewFolder(o.Path, o.Write); err != nil {
			return nil, err
		}
		s.writer = s.folder
		return s, nil
	case o.Path == "":
		below = o.Stream
	case isSpecial(o.Path), !slices.Contains(format.Appendable(), o.Write.Format):
		if s.whole, err = atomicfile.Create(o.Path); err != nil {
			return nil, err
		}
		below, s.flushes = s.whole, isSpecial(o.Path)
	default:
		if s.journal, err = startJournal(&o); err != nil {
			return nil, err
		}
		o.Write.Written = len(s.journal.done) - s.journal.failed
		below = s.journal
	}
	if s.packer, err = files.NewCompressor(o.Path, below); err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	s.buffer = bufio.NewWriter(s.packer)
	if s.writer, err = format.NewWriter(s.buffer, o.Write); err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	return s, nil
}

// write writes a document's result, unless the document failed, and flushes it:
// the reader of a pipe sees each document when it is done. Then it records in
// the journal that the document is done.
func (s *sink) write(r *document.Result, id identity, failed bool) error {
	if !failed {
		if err := s.writer.Write(r); err != nil {
			return err
		}
	}
	if s.buffer == nil {
		return nil
	}
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if s.flushes {
		if err := s.packer.EndFrame(); err != nil {
			return err
		}
	}
	if s.journal != nil {
		return s.journal.record(id, failed)
	}
	return nil
}

// close completes the output.
func (s *sink) close() error {
	if err := s.writer.Close(); err != nil {
		return err
	}
	if s.buffer != nil {
		if err := s.buffer.Flush(); err != nil {
			return err
		}
		if err := s.closePacker(); err != nil {
			return err
		}
	}
	switch {
	case s.journal != nil:
		j := s.journal
		s.journal = nil
		return j.complete()
	case s.whole != nil:
		f := s.whole
		s.whole = nil
		return f.Commit()
	}
	return nil
}

// closePacker ends the last frame. An output that earlier runs have begun has one.
func (s *sink) closePacker() error {
	if s.journal != nil && s.journal.size > 0 {
		return s.packer.EndFrame()
	}
	return s.packer.Close()
}

// closeEmpty completes an output that holds no document, as all have failed. It
// takes the place of no other file.
func (s *sink) closeEmpty() error {
	switch {
	case s.folder != nil:
		return s.abandon()
	case s.whole != nil:
		f := s.whole
		s.whole = nil
		return f.Discard()
	case s.journal != nil && s.journal.partial:
		j := s.journal
		s.journal = nil
		return j.giveUp()
	}
	return s.close()
}

// abandon closes an output that is not complete. An output with a journal is left
// for a later run; another one is removed. After close it does nothing.
func (s *sink) abandon() error {
	switch {
	case s.folder != nil:
		folder := s.folder
		s.folder = nil
		return folder.Abandon()
	case s.journal != nil:
		return s.journal.close()
	case s.whole != nil:
		return s.whole.Discard()
	}
	return nil
}
