package main

import (
	"iter"

	"github.com/medner/medner/ner/document"
)

// maxUnread bounds how many documents that can't be read are kept before the first
// one that can.
const maxUnread = 100

// read is a document, or the error in its place.
type read struct {
	doc document.Result
	err error
}

// firstDocument reads up to the first document that can be read, before anything
// that takes long. It returns the documents from the beginning. If none can be read,
// it returns the errors. The caller calls stop when it needs no more documents.
func firstDocument(docs iter.Seq2[document.Result, error]) (all iter.Seq2[document.Result, error], failed []error, stop func()) {
	next, stop := iter.Pull2(docs)
	var begun []read
	ended := false
	for len(begun) < maxUnread {
		doc, err, ok := next()
		if !ok {
			ended = true
			break
		}
		begun = append(begun, read{doc, err})
		if err == nil {
			failed = nil
			break
		}
		failed = append(failed, err)
	}
	if !ended {
		failed = nil
	}
	return func(yield func(document.Result, error) bool) {
		for _, r := range begun {
			if !yield(r.doc, r.err) {
				return
			}
		}
		for {
			doc, err, ok := next()
			if !ok || !yield(doc, err) {
				return
			}
		}
	}, failed, stop
}
