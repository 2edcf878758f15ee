package shards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// results returns the results of a complete shard in the order of its documents; a
// *FailedError stands in the place of a document that failed. If the shard's files are
// not those that d describes, or don't have each document of the manifest once, the
// sequence ends with another error.
func (m *Manifest) results(ctx context.Context, f folder, d *Done) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		s := &m.Shards[d.Shard]
		if want := m.plan(s); d.Plan != want {
			yield(document.Result{}, hint.Add(badinput.New(f.done(d.Shard), "plan_sha256", d.Plan, want+", that of the shard in the manifest"), "name the manifest that the shards were made with"))
			return
		}
		if err := d.broken(ctx, f); err != nil {
			yield(document.Result{}, err)
			return
		}
		failures, err := readFailures(f.errors(d.Shard), true)
		if err != nil {
			yield(document.Result{}, err)
			return
		}
		if len(failures) != d.Failed {
			yield(document.Result{}, badinput.New(f.errors(d.Shard), "failed documents", fmt.Sprint(len(failures)), fmt.Sprintf("%d, as %s says", d.Failed, filepath.Base(f.done(d.Shard)))))
			return
		}
		if err := m.eachResult(f.output(d.Shard), s, failures, yield); err != nil {
			yield(document.Result{}, err)
		}
	}
}

// FailedError stands in the place of a document that failed.
type FailedError struct{ Failure }

func (e *FailedError) Error() string {
	return fmt.Sprintf("shard %d: document %d: %s", e.Shard, e.Index, e.Failure.Error)
}

// eachResult delivers the results in a file, and failures between them.
func (m *Manifest) eachResult(path string, s *Shard, failures map[int]Failure, yield func(document.Result, error) bool) error {
	in, err := files.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	ids, index := sha256.New(), 0
	failed := func() bool {
		one, found := failures[index]
		for found {
			hashID(ids, one.ID)
			if !yield(document.Result{}, &FailedError{one}) {
				return false
			}
			index++
			one, found = failures[index]
		}
		return true
	}
	for res, err := range stored(path, in) {
		if err != nil {
			return err
		}
		if !failed() {
			return nil
		}
		hashID(ids, res.ID)
		index++
		if !yield(res, nil) {
			return nil
		}
	}
	if !failed() {
		return nil
	}
	if index != s.Documents {
		return badinput.New(path, "documents", fmt.Sprint(index), fmt.Sprintf("%d, as the manifest says", s.Documents))
	}
	if sum := hex.EncodeToString(ids.Sum(nil)); sum != s.IDs {
		return badinput.New(path, "identifiers of documents", "others, with the SHA-256 "+sum, s.IDs+", as the manifest says")
	}
	return nil
}

// stored reads results that a shard's job has written.
func stored(path string, in io.Reader) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		reader, err := format.NewReader(path, in, format.ReadOptions{Format: format.JSONL})
		if err != nil {
			yield(document.Result{}, err)
			return
		}
		reader.Results()(yield)
		_ = reader.Close() // it doesn't own the file
	}
}
