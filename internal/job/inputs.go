package job

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
)

// identity tells one input document from another: it is a hash of what is read
// of the document, or of the error that says why it can't be read.
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

// inputs are the documents of a job, some of which earlier runs may have done.
type inputs struct {
	done []identity // by earlier runs

	mu sync.Mutex
	// pending are the documents that the extractor has taken and not yet
	// answered, in the order of the input.
	pending []identity
}

// inputChangedError says that the inputs are not those of the earlier run.
type inputChangedError struct{ error }

func (e *inputChangedError) Unwrap() error { return e.error }

// documents returns the documents that results hold, without their annotations
// and without those that earlier runs have done. If a document that an earlier
// run has done is another one now, or is missing, the sequence ends with an
// *inputChangedError.
func (in *inputs) documents(results iter.Seq2[document.Result, error]) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		n := 0
		for r, err := range results {
			d := r.Document
			id := identityOf(&d, err)
			if n++; n <= len(in.done) {
				if id != in.done[n-1] {
					yield(d, inputChanged(fmt.Sprintf("document %d", n), fmt.Sprintf("%q, new or with another text", d.ID)))
					return
				}
				continue
			}
			in.mu.Lock()
			in.pending = append(in.pending, id)
			in.mu.Unlock()
			d.Entities, d.Relations = nil, nil
			if !yield(d, err) {
				return
			}
		}
		if n < len(in.done) {
			yield(document.Document{}, inputChanged("documents", fmt.Sprintf("%d where %d are done", n, len(in.done))))
		}
	}
}

func inputChanged(field, found string) error {
	err := badinput.New("", field, found, "the documents that the output was begun with")
	return &inputChangedError{hint.Add(err, "remove the output and its journal to start again")}
}

// next removes and returns the identity of the document that the extractor
// answers next: it answers in the order of the input.
func (in *inputs) next() identity {
	in.mu.Lock()
	defer in.mu.Unlock()
	id := in.pending[0]
	in.pending = in.pending[1:]
	return id
}
