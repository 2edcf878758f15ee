// Package job annotates a corpus: it reads documents, has an extractor annotate
// them, and writes the results in the order of the documents. A document that
// can't be read or annotated is counted and reported; the others go on. If none can
// be, a file that is there already stays as it is.
//
// Where the output is a file, a journal beside it records each document that is
// done, so that a job which was killed, however and whenever, can be resumed:
// the second run leaves out what the first has done, and the output is the same,
// byte by byte, as that of a run that nothing interrupted.
package job

import (
	"context"
	"errors"
	"iter"

	"github.com/medner/medner/ner/document"
)

// Extractor annotates documents: *ner.Extractor does. It yields one result or
// one error for each document, in the order of the documents; an error that
// docs yields is passed on in the document's place.
type Extractor interface {
	Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error]
}

// Progress is told how far a job is. Its methods are called one at a time.
type Progress interface {
	// Failed is called for each document that can't be read or annotated.
	Failed(err error)
	// Done is called after each document with the number of documents that are
	// done, and of those the number that failed. Documents of the runs that this
	// one resumes count too.
	Done(documents, failed int)
}

// Options describe a job.
type Options struct {
	Extractor Extractor
	// Documents are the contents of the input files. The annotations in them are
	// ignored.
	Documents iter.Seq2[document.Result, error]
	Output    Output
	// Progress may be nil.
	Progress Progress
}

// Report says what a job did.
type Report struct {
	Documents int // documents that are done, those of resumed runs included
	Resumed   int // of Documents, those that earlier runs had done
	Failed    int // of Documents, those that could not be read or annotated
	// LastError is the error of the last document that failed in this run.
	LastError error
	// Resumable says that the output has a journal: while the job is not
	// complete, a run with Output.Resume goes on where it stopped.
	Resumable bool
}

// Run does the job, or the rest of it if Output.Resume is set and an earlier run
// did a part. A document's failure is in the report; the error says what ended
// the job before its last document: ctx's own error, an output that can't be
// written, or inputs that are not those of the earlier run. The report holds
// what was done until then.
func Run(ctx context.Context, o Options) (report Report, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := openSink(o.Output)
	if err != nil {
		return report, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	report.Resumable = s.journal != nil
	in := inputs{}
	if s.journal != nil {
		in.done = s.journal.done
		report.Documents, report.Resumed, report.Failed = len(s.journal.done), len(s.journal.done), s.journal.failed
	}
	if err := report.annotate(ctx, &o, &in, s); err != nil {
		return report, err
	}
	if report.Failed > 0 && report.Failed == report.Documents {
		return report, s.closeEmpty()
	}
	return report, s.close()
}

// annotate writes the result of each document of in that is not done yet.
func (r *Report) annotate(ctx context.Context, o *Options, in *inputs, s *sink) error {
	progress := o.Progress
	if progress == nil {
		progress = silent{}
	}
	for result, err := range o.Extractor.Stream(ctx, in.documents(o.Documents)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var changed *inputChangedError
		if errors.As(err, &changed) {
			return err
		}
		failed := err != nil
		if failed {
			progress.Failed(err)
		}
		if err := s.write(result, in.next(), failed); err != nil {
			return err
		}
		r.Documents++
		if failed {
			r.Failed++
			r.LastError = err
		}
		progress.Done(r.Documents, r.Failed)
	}
	return ctx.Err()
}

// silent is the progress that nobody watches.
type silent struct{}

func (silent) Failed(error)  {}
func (silent) Done(int, int) {}
