package ner

import (
	"context"
	"iter"
	"sync"

	"github.com/medner/medner/ner/document"
)

// Extract annotates documents and delivers, in their order, a result or a
// *[DocumentError] for each. Where ctx ends first, the last error is ctx's.
func (e *Extractor) Extract(ctx context.Context, docs ...document.Document) iter.Seq2[*document.Result, error] {
	return e.Stream(ctx, func(yield func(document.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	})
}

// Stream does what Extract does with documents that come one by one. An error in
// a document's place is passed on in the place of its result. Docs is called from
// another goroutine, at most as many documents ahead of the results as questions
// may be in flight. Where the loop over the results is left early, docs may still
// be asked for one more document.
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

// outcome is what becomes of a document.
type outcome struct {
	result *document.Result
	err    error
}

// stream is one run over documents.
type stream struct {
	e *Extractor
	// pending has a channel for each document that is being annotated, in the
	// documents' order; its capacity bounds their number.
	pending chan chan outcome

	mu      sync.Mutex
	stopped bool // from stop on, no document is begun
	working sync.WaitGroup
}

// start begins one document after the other, each as soon as pending has room
// for it.
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

// begin has a document annotated, unless the run has been stopped.
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

// stop lets no more documents begin, and waits for those that have begun.
func (s *stream) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.working.Wait()
}

// annotated annotates a document, and has the caller's annotators do so.
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
