package shards

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/format"
)

// MergeOptions say how to merge.
type MergeOptions struct {
	Path string // of the file, or of the folder if PerFile is set
	// PerFile is how many documents a file of the folder holds; 0: all are in one file.
	PerFile int
	Ending  string // of the names of the files in the folder, such as ".jsonl"
	Write   format.WriteOptions
	// Partial says that shards which aren't complete are left out.
	Partial bool
	// Mixed allows shards that were made with different configurations.
	Mixed bool
	// Stream is written to in place of Path, unless it is nil.
	Stream io.Writer
	// Failed is called for each document that failed.
	Failed func(*FailedError)
}

// Merge writes the results of all shards, in the order of the corpora and of their
// manifests, and verifies them on the way. Of several corpora, documents that a later file
// supersedes or deletes are left out, as [Plan] does it within one. The output is the same
// however the shards were made. Where a shard is missing, the error is a *MissingError.
func Merge(ctx context.Context, corpora []Corpus, o MergeOptions) (*Report, error) {
	r := &Report{Configs: map[string]int{}}
	if err := repeated(corpora); err != nil {
		return r, err
	}
	dones := make([][]*Done, len(corpora))
	var first *Done
	for i, c := range corpora {
		r.Documents += c.Manifest.Documents
		r.shards += len(c.Manifest.Shards)
		var err error
		if dones[i], err = r.load(c, &first, &o); err != nil {
			if len(corpora) > 1 {
				err = fmt.Errorf("%s: %w", c.Folder, err)
			}
			return r, err
		}
	}
	known, err := newLatest(ctx, corpora, dones)
	if err != nil {
		return r, err
	}
	out, err := newMerged(o)
	if err != nil {
		return r, err
	}
	for i, c := range corpora {
		for _, done := range dones[i] {
			outdated := func(id string, input int) (bool, bool) { return known.outdated(id, i, input) }
			if err := r.merge(ctx, c, done, outdated, out); err != nil {
				return r, errors.Join(err, out.discard())
			}
		}
	}
	return r, out.close()
}

// MissingError says that a shard isn't complete. It is a filelock.ErrBusy: trying again
// later helps.
type MissingError struct {
	Shard, Missing, Shards int
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%d of %d shards aren't complete; the first is shard %d", e.Missing, e.Shards, e.Shard)
}

// Unwrap makes the error one that goes away by itself.
func (e *MissingError) Unwrap() error { return filelock.ErrBusy }

// load reads the .done files of all shards of a corpus. first is the first of all corpora.
func (r *Report) load(c Corpus, first **Done, o *MergeOptions) (dones []*Done, err error) {
	f := folder(c.Folder)
	var missing []int
	for i := range c.Manifest.Shards {
		done, err := f.loadDone(i)
		if err != nil {
			return nil, err
		}
		if done == nil {
			missing = append(missing, i)
			continue
		}
		if *first == nil {
			*first = done
		}
		if !o.Mixed {
			if err := (*first).Settings.difference(f.done(i), done.Settings); err != nil {
				return nil, hint.Add(err, "shards that differ were not made together; --mixed merges them")
			}
		}
		dones = append(dones, done)
		r.Configs[done.Config]++
	}
	r.Missing = append(r.Missing, missing...)
	if len(missing) > 0 && !o.Partial {
		err := &MissingError{missing[0], len(missing), len(c.Manifest.Shards)}
		return nil, hint.Add(err, "'medner batch status' says how far they are; --partial merges the others")
	}
	return dones, nil
}

// merge writes the results of a shard. outdated says which documents don't count, and
// whether these are deleted.
func (r *Report) merge(ctx context.Context, c Corpus, done *Done, outdated func(id string, input int) (is, deleted bool), out *merged) error {
	origin := c.Manifest.origins(done.Shard)
	for res, err := range c.Manifest.results(ctx, folder(c.Folder), done) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		input, unique := origin()
		id := res.ID
		var failed *FailedError
		switch {
		case errors.As(err, &failed):
			id = failed.ID
		case err != nil:
			return err
		}
		if unique {
			switch is, deleted := outdated(id, input); {
			case deleted:
				r.Deleted++
				continue
			case is:
				r.Superseded++
				continue
			}
		}
		if failed != nil {
			r.Failed++
			if out.o.Failed != nil {
				out.o.Failed(failed)
			}
			continue
		}
		w, err := out.next()
		if err != nil {
			return err
		}
		if err := w.Write(&res); err != nil {
			return err
		}
		r.Annotated++
	}
	return nil
}

// merged is the file, or the folder of files, that results are merged into.
type merged struct {
	o     MergeOptions
	dir   *atomicfile.Dir // nil: one file
	files int             // in dir

	file   *atomicfile.File // nil: none is open
	buffer *bufio.Writer
	packer *files.Compressor // above buffer
	writer format.Writer
	folder format.FolderWriter // is writer, for a format that has files in a folder; or nil
	count  int                 // documents in the open file
}

func newMerged(o MergeOptions) (*merged, error) {
	out := &merged{o: o}
	var err error
	switch {
	case format.InFolder(o.Write.Format, "-"), o.Stream == nil && o.PerFile == 0 && format.InFolder(o.Write.Format, o.Path):
		if out.folder, err = format.NewFolder(o.Path, o.Write); err == nil {
			out.writer = out.folder
		}
	case o.Stream != nil:
		err = out.begin("", o.Stream)
	case o.PerFile > 0:
		if out.dir, err = atomicfile.CreateDir(o.Path); err == nil {
			err = out.open()
		}
	default:
		err = out.open()
	}
	if err != nil {
		return nil, errors.Join(err, out.discard())
	}
	return out, nil
}

// open opens the file, or the next one of the folder.
func (w *merged) open() error {
	path := w.o.Path
	if w.dir != nil {
		path = filepath.Join(w.dir.Path, fmt.Sprintf("part-%05d%s", w.files, w.o.Ending))
		w.files++
	}
	var err error
	if w.file, err = atomicfile.Create(path); err != nil {
		return err
	}
	return w.begin(path, w.file)
}

// begin begins the output at path, compressed if its name says so.
func (w *merged) begin(path string, to io.Writer) (err error) {
	w.buffer, w.count = bufio.NewWriterSize(to, 1<<18), 0
	if w.packer, err = files.NewCompressor(path, w.buffer); err != nil {
		return err
	}
	w.writer, err = format.NewWriter(w.packer, w.o.Write)
	return err
}

// next returns the writer for the next document.
func (w *merged) next() (format.Writer, error) {
	if w.dir != nil && w.count == w.o.PerFile {
		if err := w.end(); err != nil {
			return nil, err
		}
		if err := w.open(); err != nil {
			return nil, err
		}
	}
	w.count++
	return w.writer, nil
}

// end completes the open file.
func (w *merged) end() error {
	if err := w.writer.Close(); err != nil {
		return err
	}
	if w.buffer == nil {
		w.folder = nil
		return nil
	}
	if err := w.packer.Close(); err != nil {
		return err
	}
	if err := w.buffer.Flush(); err != nil {
		return err
	}
	if w.file == nil {
		return nil
	}
	f := w.file
	w.file = nil
	return f.Commit()
}

func (w *merged) close() error {
	if err := w.end(); err != nil {
		return errors.Join(err, w.discard())
	}
	if w.dir != nil {
		return w.dir.Commit()
	}
	return nil
}

// discard removes what was written.
func (w *merged) discard() error {
	var errs []error
	if w.folder != nil {
		errs = append(errs, w.folder.Abandon())
	}
	if w.file != nil {
		errs = append(errs, w.file.Discard())
	}
	if w.dir != nil {
		errs = append(errs, w.dir.Discard())
	}
	return errors.Join(errs...)
}
