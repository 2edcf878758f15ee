// Package dedup has texts that come several times annotated once. It stands
// between a job and its extractor: a document whose text an earlier document has
// gets the result of the earlier one, under its own identifier and with what its
// own file says of it. Results are those that the extractor would have given.
package dedup

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/medner/medner/ner/document"
)

// Stream annotates documents as the Stream of an *ner.Extractor does: it yields
// a result or an error for each document, in the order of the documents, and
// doesn't wait for another document before it yields what it has.
type Stream func(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error]

// DefaultMemory bounds the bytes that an [Extractor] remembers, if nothing else
// is said: results of about 30,000 abstracts.
const DefaultMemory = 256 << 20

// ahead is how many documents are read ahead of the results, at most, beside
// those that the extractor has taken. It bounds how many documents wait for the
// result of one that is being annotated.
const ahead = 256

// Extractor annotates each text once, as long as it remembers the text's result.
type Extractor struct {
	stream    Stream
	memory    int64
	documents atomic.Int64
	repeated  atomic.Int64
}

// New returns an extractor that has texts annotated by stream. Memory bounds the
// bytes of the results that it remembers; the least recently used are forgotten.
func New(stream Stream, memory int64) *Extractor {
	return &Extractor{stream: stream, memory: memory}
}

// Counts returns how many documents were annotated, and how many of them got the
// result of an earlier document.
func (e *Extractor) Counts() (documents, repeated int64) {
	return e.documents.Load(), e.repeated.Load()
}

// hash identifies what a result depends on beside the extractor.
type hash [sha256.Size]byte

func hashOf(d *document.Document) (h hash) {
	w := sha256.New()
	_, _ = fmt.Fprintf(w, "%d %d ", len(d.Prompt), len(d.Text)) // a hash takes all that is written to it
	_, _ = io.WriteString(w, d.Prompt)
	_, _ = io.WriteString(w, d.Text)
	w.Sum(h[:0])
	return h
}

// text is a text that was given to the extractor. Its result may be read once
// done is closed, which happens before any document that repeats the text is
// answered.
type text struct {
	hash   hash
	done   chan struct{}
	result *document.Result // nil if it failed
	err    error
	size   int64 // bytes, roughly; 0 until it is done
}

// place is where the answer about a document comes out.
type place struct {
	text   *text
	repeat *document.Document // nil: the document that was given to the extractor
}

// Stream annotates documents. Docs is called from another goroutine.
func (e *Extractor) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := run{e: e, places: make(chan place, ahead), given: make(chan *text, ahead), known: newMemory(e.memory)}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.annotate(ctx, docs)
		}()
		defer func() {
			cancel()
			<-ended
		}()
		for p := range r.places {
			result, err := r.answer(ctx, p)
			if ctx.Err() != nil {
				break
			}
			if !yield(result, err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// run is one call of Stream.
type run struct {
	e      *Extractor
	places chan place // in the order of the documents
	given  chan *text // those given to the extractor, in its order, until their results are there
	known  *memory
}

// annotate gives new texts to the extractor and takes their results.
func (r *run) annotate(ctx context.Context, docs iter.Seq2[document.Document, error]) {
	defer close(r.places)
	for result, err := range r.e.stream(ctx, r.fresh(ctx, docs)) {
		if ctx.Err() != nil {
			return
		}
		t := <-r.given
		t.result, t.err = result, err
		r.known.done(t)
		close(t.done)
	}
}

// fresh returns the documents whose texts aren't known, and the errors.
func (r *run) fresh(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[document.Document, error] {
	send := func(p place) bool {
		select {
		case r.places <- p:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return func(yield func(document.Document, error) bool) {
		for d, err := range docs {
			t := &text{done: make(chan struct{})}
			if err == nil {
				r.e.documents.Add(1)
				t.hash = hashOf(&d)
				if old := r.known.get(t.hash); old != nil {
					if !send(place{old, &d}) {
						return
					}
					continue
				}
				r.known.add(t)
			}
			if !send(place{text: t}) {
				return
			}
			select {
			case r.given <- t:
			case <-ctx.Done():
				return
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// answer returns the result of a document. A document whose text failed under
// another identifier is annotated by itself: its error names it, and what failed
// once may work now.
func (r *run) answer(ctx context.Context, p place) (*document.Result, error) {
	select {
	case <-p.text.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p.repeat == nil {
		if p.text.err != nil {
			return nil, p.text.err
		}
		return under(&p.text.result.Document, p.text.result), nil // a copy, so that changes to it stay the caller's
	}
	if p.text.err != nil {
		for result, err := range r.e.stream(ctx, func(yield func(document.Document, error) bool) { yield(*p.repeat, nil) }) {
			return result, err
		}
	}
	r.e.repeated.Add(1)
	return under(p.repeat, p.text.result), nil
}

// under returns a result as that of another document with the same text.
func under(d *document.Document, of *document.Result) *document.Result {
	r := *of
	r.Document = *d
	r.Entities, r.Relations = slices.Clone(of.Entities), slices.Clone(of.Relations)
	r.Dropped, r.Warnings = slices.Clone(of.Dropped), slices.Clone(of.Warnings)
	return &r
}
