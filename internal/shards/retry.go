package shards

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// Retry annotates the documents of a complete shard that failed, and puts those that
// now have a result in their places. It returns how many failed, and how many still
// do. Redo allows a configuration other than that of the shard, which is noted.
func (w *Worker) Retry(ctx context.Context, number int) (failed, still int, err error) {
	defer func() {
		if errors.Is(err, context.Canceled) && w.stopping() {
			err = ErrStopped
		}
	}()
	s, err := w.Manifest.Shard(number)
	if err != nil {
		return 0, 0, err
	}
	f := folder(w.Folder)
	done, err := f.loadDone(number)
	if err != nil {
		return 0, 0, err
	}
	if done == nil {
		return 0, 0, hint.Add(&MissingError{number, 1, len(w.Manifest.Shards)}, "run the shard first")
	}
	if done.Failed == 0 {
		return 0, 0, nil
	}
	if err := w.Config.difference(f.done(number), done.Settings); err != nil && !w.Redo {
		return done.Failed, done.Failed, hint.Add(err, "use the settings of before; --redo annotates these documents with others")
	}
	l, err := w.take(ctx, f, number)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	if done, err = f.loadDone(number); done == nil || err != nil { // it may have changed since
		return 0, 0, err
	}
	r := &retry{w: w, f: f, s: s, done: done, results: map[int]*document.Result{}}
	return r.run(ctx, l)
}

// retry is the work of Worker.Retry on one shard.
type retry struct {
	w        *Worker
	f        folder
	s        *Shard
	done     *Done
	failures map[int]Failure
	results  map[int]*document.Result // of documents that had failed
}

func (r *retry) run(ctx context.Context, l *lease) (failed, still int, err error) {
	if err := r.done.broken(ctx, r.f); err != nil {
		return 0, 0, err
	}
	if r.failures, err = readFailures(r.f.errors(r.s.Number), true); err != nil {
		return 0, 0, err
	}
	failed = len(r.failures)
	in := newReading(r.w.Manifest, r.s, r.w.Warn)
	if err := in.check(ctx); err != nil {
		return failed, failed, err
	}
	if r.w.extractor == nil {
		if r.w.extractor, err = r.w.Extractor(ctx); err != nil {
			return failed, failed, err
		}
	}
	if err := r.annotate(ctx, in); err != nil {
		return failed, failed, err
	}
	if !l.held() {
		return failed, failed, errLost
	}
	return failed, len(r.failures), r.replace(ctx)
}

// annotate annotates the documents that failed.
func (r *retry) annotate(ctx context.Context, in *reading) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stopped atomic.Bool
	p := &passage{
		in: in, extractor: r.w.extractor, transient: r.w.Transient, abort: cancel, stop: r.w.Stop, stopped: &stopped,
		worked: func(int) error { return nil },
		check:  func() error { return nil },
		failed: func(f Failure) error {
			f.Shard = r.s.Number
			r.failures[f.Index] = f
			return nil
		},
	}
	indices := slices.Sorted(maps.Keys(r.failures))
	at, total := 0, 0
	for res, err := range p.Stream(ctx, r.chosen(in, cancel)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		index := indices[at]
		at++
		if total++; err == nil {
			r.results[index] = res
			delete(r.failures, index)
		} else if r.w.Progress != nil {
			r.w.Progress.Failed(err)
		}
		if r.w.Progress != nil {
			r.w.Progress.Done(total, total-len(r.results))
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if stopped.Load() && !in.ended {
		return ErrStopped
	}
	return nil
}

// chosen returns the documents that failed, without annotations.
func (r *retry) chosen(in *reading, abort func(error)) iter.Seq2[document.Document, error] {
	wanted := maps.Clone(r.failures)
	return func(yield func(document.Document, error) bool) {
		for res, err := range in.documents(abort) {
			if _, found := wanted[in.read()-1]; !found {
				continue
			}
			d := res.Document
			d.Entities, d.Relations = nil, nil
			if !yield(d, err) {
				return
			}
		}
	}
}

// replace writes the shard's files with the new results in their places.
func (r *retry) replace(ctx context.Context) error {
	n := r.s.Number
	d := *r.done
	indices := slices.Sorted(maps.Keys(r.results))
	if len(indices) > 0 {
		note := Retried{Config: r.w.Config.Hash(), Settings: r.w.Config, Indices: indices}
		for _, i := range indices {
			note.IDs = append(note.IDs, r.results[i].ID)
		}
		d.Retried = append(slices.Clone(d.Retried), note)
	}
	d.Failed = len(r.failures)
	// Without its .done file, the shard is one that is to be made, should this process
	// die before the other files are written.
	if err := atomicfile.Remove(r.f.done(n)); err != nil {
		return err
	}
	if err := writeFailures(r.f.errors(n), r.failures); err != nil {
		return err
	}
	if err := atomicfile.Write(r.f.output(n), r.insert); err != nil {
		return err
	}
	var err error
	if d.Output, err = seal(ctx, r.f.output(n)); err != nil {
		return err
	}
	if d.Errors, err = seal(ctx, r.f.errors(n)); err != nil {
		return err
	}
	return d.write(r.f)
}

// insert writes the lines of the output with the new ones between them.
func (r *retry) insert(to io.Writer) error {
	old, err := files.Open(r.f.output(r.s.Number))
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	in, out := bufio.NewReader(old), bufio.NewWriter(to)
	for index := range r.s.Documents {
		if _, failed := r.failures[index]; failed {
			continue
		}
		if res, found := r.results[index]; found {
			line, err := format.Marshal(res, r.w.Text)
			if err != nil {
				return err
			}
			if _, err := out.Write(line); err != nil {
				return err
			}
			continue
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}
