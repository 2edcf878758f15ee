package shards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// planAgain is the advice where inputs aren't those of the manifest.
const planAgain = "bring the file back, or make a new manifest with 'medner batch plan'"

// reading reads the documents of one shard, and notes what they are called.
type reading struct {
	m    *Manifest
	s    *Shard
	warn func(format.Warning)

	ids   hash.Hash
	ended bool // all documents have been read

	mu     sync.Mutex // for what follows
	names  []string   // the identifiers of the documents read so far
	inputs []int      // the inputs that they are from
}

func newReading(m *Manifest, s *Shard, warn func(format.Warning)) *reading {
	return &reading{m: m, s: s, warn: warn, ids: sha256.New()}
}

// check returns an error unless the shard's inputs are the files that they were when
// the manifest was made.
func (r *reading) check(ctx context.Context) error {
	seen := map[int]bool{}
	for i := range r.s.Parts {
		p := &r.s.Parts[i]
		if p.Range == nil && seen[p.Input] {
			continue
		}
		seen[p.Input] = true
		if err := r.m.checkPart(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) checkPart(ctx context.Context, p *Part) error {
	in := &m.Inputs[p.Input]
	f, size, err := files.OpenAt(m.path(in))
	if err != nil {
		return hint.Add(err, planAgain)
	}
	defer func() { _ = f.Close() }()
	if size != in.Bytes {
		return hint.Add(badinput.New(in.Path, "size", fmt.Sprintf("%d bytes", size), fmt.Sprintf("%d, as when the manifest was made", in.Bytes)), planAgain)
	}
	section, want := io.NewSectionReader(f, 0, size), in.SHA256
	if p.Range != nil {
		section, want = io.NewSectionReader(f, p.Range.Offset, p.Range.Bytes), p.Range.SHA256
	}
	sum, err := files.Hash(ctx, section)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Path, err)
	}
	if sum != want {
		return hint.Add(badinput.New(in.Path, "SHA-256", sum, want+", as when the manifest was made"), planAgain)
	}
	return nil
}

// documents returns the documents of the shard, in order, with errors in the places
// of those that can't be read. If they turn out not to be those of the manifest, the
// sequence ends, and abort is called before that.
func (r *reading) documents(abort func(error)) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for i := range r.s.Parts {
			if !r.part(&r.s.Parts[i], abort, yield) {
				return
			}
		}
		if sum := hex.EncodeToString(r.ids.Sum(nil)); sum != r.s.IDs {
			abort(hint.Add(badinput.New("", fmt.Sprintf("shard %d: identifiers of documents", r.s.Number), "others, with the SHA-256 "+sum, r.s.IDs+", as when the manifest was made"), planAgain))
			return
		}
		r.ended = true
	}
}

// part delivers the documents of a part. It returns false if no more are wanted.
func (r *reading) part(p *Part, abort func(error), yield func(document.Result, error) bool) bool {
	skip := member{p.Skip}
	at := -p.First
	for res, err := range r.m.read(p, r.warn) {
		if at >= 0 && !skip.has(at) {
			r.note(res.ID, p.Input)
			if !yield(res, err) {
				return false
			}
		}
		if at++; at == p.Count {
			return true
		}
	}
	in := &r.m.Inputs[p.Input]
	abort(hint.Add(badinput.New(in.Path, "documents", fmt.Sprint(at+p.First), fmt.Sprintf("%d at least, as when the manifest was made", p.First+p.Count)), planAgain))
	return false
}

// note notes a document.
func (r *reading) note(id string, input int) {
	hashID(r.ids, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, id)
	r.inputs = append(r.inputs, input)
}

// read returns how many documents have been read.
func (r *reading) read() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.names)
}

// id returns the identifier of a document that has been read.
func (r *reading) id(index int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[index]
}

// input returns the path, as the manifest has it, of the input that a document is from.
func (r *reading) input(index int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.m.Inputs[r.inputs[index]].Path
}

// read reads the documents of the file or of the range that a part is in.
func (m *Manifest) read(p *Part, warn func(format.Warning)) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		in := &m.Inputs[p.Input]
		f, size, err := files.OpenAt(m.path(in))
		if err != nil {
			yield(document.Result{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		section, o := io.NewSectionReader(f, 0, size), in.readOptions()
		o.Warn = warn
		if p.Range != nil {
			section, o.FirstLine = io.NewSectionReader(f, p.Range.Offset, p.Range.Bytes), p.Range.Line
		}
		reader, err := format.NewReader(in.Path, section, o)
		if err != nil {
			yield(document.Result{}, err)
			return
		}
		for res, err := range reader.Results() {
			if !yield(res, err) {
				_ = reader.Close() // all that is wanted has been read
				return
			}
		}
		if err := reader.Close(); err != nil {
			yield(document.Result{}, fmt.Errorf("%s: %w", in.Path, err))
		}
	}
}
