package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// identity tells one input document from another: by what is read of it, or by
// why it can't be read.
type identity uint64

func identityOf(d *document.Document, err error) identity {
	h := sha256.New()
	if err != nil {
		fmt.Fprintf(h, "error %s", err)
	} else {
		fmt.Fprintf(h, "%q %q %q", d.ID, d.Prompt, d.Text)
	}
	return identity(binary.BigEndian.Uint64(h.Sum(nil)))
}

// inputs are the documents of a run that may go on with an earlier one.
type inputs struct {
	done []identity // by earlier runs

	mu    sync.Mutex
	begun []identity // handed out and not yet finished
}

// changedError says that the inputs are not those of the earlier run.
type changedError struct{ error }

func (e changedError) Unwrap() error { return e.error }

// documents strips what input files say of their documents, and leaves out
// those that earlier runs have done. Where these are others than they were, it
// ends with a changedError.
func (in *inputs) documents(results iter.Seq2[document.Result, error]) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		n := 0
		for r, err := range results {
			d := r.Document
			id := identityOf(&d, err)
			if n++; n <= len(in.done) {
				if id != in.done[n-1] {
					yield(d, changed(fmt.Sprintf("document %d", n), fmt.Sprintf("%q, new or with another text", d.ID)))
					return
				}
				continue
			}
			in.mu.Lock()
			in.begun = append(in.begun, id)
			in.mu.Unlock()
			d.Entities, d.Relations = nil, nil
			if !yield(d, err) {
				return
			}
		}
		if n < len(in.done) {
			yield(document.Document{}, changed("documents", fmt.Sprintf("%d where %d are done", n, len(in.done))))
		}
	}
}

func changed(field, found string) error {
	err := badinput.New("", field, found, "the documents that the output was begun with")
	return changedError{hinted{err, "remove the output and its journal to start again"}}
}

// next is the identity of the document that is finished next: they are in the
// order of the input.
func (in *inputs) next() identity {
	in.mu.Lock()
	defer in.mu.Unlock()
	id := in.begun[0]
	in.begun = in.begun[1:]
	return id
}
