package shards

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync/atomic"
	"time"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner/format"
)

// Worker annotates shards.
type Worker struct {
	Manifest *Manifest
	Folder   string
	Config   Config
	// Extractor opens the model; it is called once, when there is work.
	Extractor func(ctx context.Context) (job.Extractor, error)
	// Text says that the results hold the documents' texts.
	Text bool
	// Redo makes shards again that were made with another configuration or from other
	// documents.
	Redo bool
	// Wait is how long to wait for a shard on which another process works.
	Wait time.Duration
	// Stop, when closed, ends the work after the documents that have been begun.
	Stop <-chan struct{}
	// Transient tells errors of the machine from errors of a document: they end the
	// work on the shard, and the document is tried again by the next process.
	Transient func(error) bool
	Warn      func(format.Warning)
	// Progress is told how far the current shard is.
	Progress job.Progress
	Log      func(text string)
	Machine  map[string]string // for Made.Machine

	extractor job.Extractor
	leases    leases // tests set it
}

// ErrStopped says that the work was ended by Worker.Stop. What is done is kept.
var ErrStopped = errors.New("stopped; the same command goes on")

// errLost says that another process has taken the shard over.
var errLost = fmt.Errorf("another process took the shard over, as this one seemed dead: %w", filelock.ErrBusy)

// Outcome says what became of a shard.
type Outcome struct {
	Done    *Done
	Already bool // an earlier process had completed the shard
}

// Run annotates a shard, or what earlier processes have left of it.
func (w *Worker) Run(ctx context.Context, number int) (o Outcome, err error) {
	defer func() {
		if errors.Is(err, context.Canceled) && w.stopping() {
			err = ErrStopped
		}
	}()
	s, err := w.Manifest.Shard(number)
	if err != nil {
		return o, err
	}
	f := folder(w.Folder)
	if done, err := w.already(ctx, f, s); done != nil || err != nil {
		return Outcome{Done: done, Already: true}, err
	}
	if err := atomicfile.MakeAll(w.Folder); err != nil {
		return o, err
	}
	l, err := w.take(ctx, f, number)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	// The process that had the lease may have completed the shard.
	if done, err := w.already(ctx, f, s); done != nil || err != nil {
		return Outcome{Done: done, Already: true}, err
	}
	r := &run{w: w, f: f, s: s, lease: l, to: f.attempt(number, l.me.Token), began: time.Now()}
	o.Done, err = r.run(ctx)
	return o, err
}

// stopping reports whether the work is to end.
func (w *Worker) stopping() bool {
	select {
	case <-w.Stop:
		return true
	default:
		return false
	}
}

func (w *Worker) take(ctx context.Context, f folder, number int) (*lease, error) {
	o := w.leases
	if o.time == 0 {
		o.time = LeaseTime
	}
	return o.take(ctx, f.lease(number), number, w.Wait)
}

// already returns the .done file of a shard that is complete. A shard that was made
// otherwise is an error, or, with Redo, not complete.
func (w *Worker) already(ctx context.Context, f folder, s *Shard) (*Done, error) {
	done, err := f.loadDone(s.Number)
	if w.Redo && err != nil {
		return nil, nil //nolint:nilerr // what can't be read is made again
	}
	if done == nil || err != nil {
		return nil, err
	}
	if err = w.Config.difference(f.done(s.Number), done.Settings); err == nil && done.Plan != w.Manifest.plan(s) {
		err = hint.Add(badinput.New(f.done(s.Number), "plan_sha256", done.Plan, w.Manifest.plan(s)+", that of the shard in the manifest"), "write the shards of another manifest into another folder; --redo makes the shard again")
	}
	if err == nil {
		if err = done.broken(ctx, f); errors.Is(err, fs.ErrNotExist) {
			return nil, nil // a file was removed: it is made again
		}
	}
	var bad *badinput.Error
	if w.Redo && errors.As(err, &bad) {
		return nil, nil
	}
	return done, err
}

// run is the work of one process on a shard.
type run struct {
	w     *Worker
	f     folder
	s     *Shard
	lease *lease
	to    attempt
	began time.Time
}

func (r *run) run(ctx context.Context) (*Done, error) {
	in := newReading(r.w.Manifest, r.s, r.w.Warn)
	if err := in.check(ctx); err != nil {
		return nil, err
	}
	if err := r.f.adopt(r.s.Number, r.to, r.w.Redo); err != nil {
		return nil, err
	}
	if r.w.stopping() {
		return nil, ErrStopped
	}
	if r.w.extractor == nil {
		extractor, err := r.w.Extractor(ctx)
		if err != nil {
			return nil, err
		}
		r.w.extractor = extractor
	}
	log, err := openFailures(r.to.failures)
	if err != nil {
		return nil, err
	}
	report, err := r.annotate(ctx, in, log)
	if err = errors.Join(err, log.file.Close()); err != nil {
		return nil, err
	}
	return r.seal(ctx, in, report)
}

// annotate annotates the documents that earlier processes haven't done.
func (r *run) annotate(ctx context.Context, in *reading, log *failureLog) (job.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stopped atomic.Bool
	p := &passage{
		in: in, extractor: r.w.extractor, transient: r.w.Transient, abort: cancel, stop: r.w.Stop, stopped: &stopped,
		failed: func(f Failure) error {
			f.Shard = r.s.Number
			return log.add(f)
		},
		worked: log.clear,
		check: func() error {
			if !r.lease.held() {
				return errLost
			}
			return nil
		},
	}
	report, err := job.Run(ctx, job.Options{
		Extractor: p, Documents: in.documents(cancel), Progress: r.w.Progress,
		Output: job.Output{
			Path: r.to.output, Resume: true, Settings: r.settings(),
			Write: format.WriteOptions{Format: format.JSONL, Text: r.w.Text},
		},
	})
	var write *atomicfile.WriteError
	switch cause := context.Cause(ctx); {
	case errors.As(err, &write):
		return report, err
	case stopped.Load() && !in.ended:
		return report, ErrStopped
	case err != nil && cause != nil:
		return report, cause
	}
	return report, r.explain(err)
}

// settings returns what the journal of the shard holds the job to.
func (r *run) settings() map[string]string {
	s := maps.Clone(r.w.Config)
	if s == nil {
		s = Config{}
	}
	s["shard"] = r.w.Manifest.plan(r.s)
	return s
}

// explain adds advice to the error of an attempt that can't be gone on with.
func (r *run) explain(err error) error {
	if err == nil {
		return nil
	}
	var bad *badinput.Error
	if errors.As(err, &bad) && bad.File == r.to.output+job.JournalSuffix {
		return hint.Add(fmt.Errorf("shard %d was begun otherwise: %w", r.s.Number, err), "use the settings of before, or another folder; --redo makes the shard again")
	}
	return err
}

// seal gives the results their names, and writes that the shard is done.
func (r *run) seal(ctx context.Context, in *reading, report job.Report) (*Done, error) {
	failures, err := readFailures(r.to.failures, false)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(failures, func(i int, _ Failure) bool { return i < 0 || i >= len(in.names) })
	if report.Documents != len(in.names) || report.Failed != len(failures) {
		err := badinput.New(r.to.failures, "failed documents", fmt.Sprint(len(failures)), fmt.Sprintf("%d of %d", report.Failed, report.Documents))
		return nil, hint.Add(err, "--redo makes the shard again")
	}
	if !r.lease.held() {
		return nil, errLost
	}
	n := r.s.Number
	// What stood there was made otherwise, or is not whole.
	if err := atomicfile.Remove(r.f.done(n)); err != nil {
		return nil, err
	}
	if err := writeFailures(r.f.errors(n), failures); err != nil {
		return nil, err
	}
	if err := atomicfile.Move(r.to.output, r.f.output(n)); err != nil {
		return nil, err
	}
	done := &Done{
		Schema: doneSchema, Shard: n, Config: r.w.Config.Hash(), Plan: r.w.Manifest.plan(r.s), Settings: r.w.Config,
		Documents: report.Documents, Failed: report.Failed, Made: r.made(report.Resumed),
	}
	if done.Output, err = seal(ctx, r.f.output(n)); err != nil {
		return nil, err
	}
	if done.Errors, err = seal(ctx, r.f.errors(n)); err != nil {
		return nil, err
	}
	if err := done.write(r.f); err != nil {
		return nil, err
	}
	return done, r.to.remove()
}

func (r *run) made(resumed int) Made {
	host, _ := os.Hostname()
	now := time.Now()
	return Made{
		Host: host, Began: r.began.UTC().Format(time.RFC3339), Ended: now.UTC().Format(time.RFC3339),
		Seconds: now.Sub(r.began).Seconds(), Resumed: resumed, Machine: r.w.Machine,
	}
}
