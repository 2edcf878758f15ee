package ner

import (
	"context"
	"iter"
	"sync"

	"github.com/medner/medner/ner/document"
)

// Extract annotates documents and delivers results in their order: a result, or
// a *[DocumentError]. It ends early with ctx's error.
func (e *Extractor) Extract(ctx context.Context, docs ...document.Document) iter.Seq2[*document.Result, error] {
	return e.Stream(ctx, func(yield func(document.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	})
}

// Stream is Extract of documents that come one by one, each with an error in
// its place if it could not be read; the errors are passed on as they are. Docs
// is called from another goroutine, ahead of the results by as many documents
// as there are questions in flight at most. Where the loop over the results is
// left early, docs may still be asked for one more document.
func (e *Extractor) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		run := stream{e: e, pending: make(chan chan outcome, e.concurrency)}
		defer run.stop()
		defer cancel()
		go run.start(ctx, docs)
		for slot := range run.pending {
			o := <-slot
			if ctx.Err() != nil {
				break
			}
			if !yield(o.result, o.err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

type outcome struct {
	result *document.Result
	err    error
}

// stream is one run over documents.
type stream struct {
	e       *Extractor
	pending chan chan outcome // in the documents' order

	mu      sync.Mutex
	stopped bool // no document is begun any more
	working sync.WaitGroup
}

// start begins documents as long as there are places for their results.
func (s *stream) start(ctx context.Context, docs iter.Seq2[document.Document, error]) {
	defer close(s.pending)
	for d, err := range docs {
		slot := make(chan outcome, 1)
		select {
		case s.pending <- slot:
		case <-ctx.Done():
			return
		}
		if err != nil {
			slot <- outcome{err: err}
		} else if !s.begin(ctx, d, slot) {
			return
		}
	}
}

func (s *stream) begin(ctx context.Context, d document.Document, slot chan outcome) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.working.Go(func() {
		r, err := s.e.annotated(ctx, d)
		slot <- outcome{r, err}
	})
	return true
}

// stop waits until no document is being worked on.
func (s *stream) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.working.Wait()
}

// annotated wraps the errors of a document.
func (e *Extractor) annotated(ctx context.Context, d document.Document) (*document.Result, error) {
	r, err := e.document(ctx, d)
	for _, annotate := range e.annotate {
		if err == nil {
			err = annotate(r)
		}
	}
	if err != nil {
		return nil, &DocumentError{d.ID, err}
	}
	return r, nil
}
