package shards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// Duplicates says what becomes of documents with the same identifier.
type Duplicates string

// The rules for documents with the same identifier.
const (
	// LaterCitation: of PubMed's citations only the last counts, and none where a later
	// file deletes it. Documents of other formats are all kept.
	LaterCitation Duplicates = "later-citation"
	Later         Duplicates = "later" // of all documents only the last counts
	Keep          Duplicates = "keep"  // all are kept, deleted ones too
)

var allDuplicates = []Duplicates{LaterCitation, Later, Keep}

// unique reports whether documents of a format are such that of those with one identifier
// only the last counts.
func (d Duplicates) unique(f format.Format) bool {
	return d == Later || d == LaterCitation && (f == format.PubMedXML || f == format.MEDLINE)
}

// PlanOptions say how to divide a corpus.
type PlanOptions struct {
	Paths []string      // files, folders and globs
	Dir   string        // the folder of the manifest
	Input format.Format // of all inputs; "": each is found out
	// One of the three is set.
	Shards            int
	DocumentsPerShard int
	BytesPerShard     int64 // of the documents' texts
	Duplicates        Duplicates
	// Previous are manifests whose inputs are left out.
	Previous   []*Manifest
	Warn       func(format.Warning) // not nil
	Unreadable func(error)          // not nil; called for each document that can't be read
	Progress   func(bytes int)      // as in format.ReadOptions; may be nil
}

// Plan reads all documents and divides them. The same files give the same manifest.
func Plan(ctx context.Context, o PlanOptions) (*Manifest, error) {
	paths, err := expand(o.Paths, o.Warn)
	if err != nil {
		return nil, err
	}
	if paths, err = unplanned(ctx, paths, o.Previous); err != nil {
		return nil, err
	}
	m := &Manifest{Schema: manifestSchema, Duplicates: o.Duplicates, dir: o.Dir}
	if m.Inputs, err = named(paths, o.Dir); err != nil {
		return nil, err
	}
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }()
	if err := m.readInputs(ctx, &o, s); err != nil {
		return nil, err
	}
	out, err := s.outdated(atOnce)
	if err != nil {
		return nil, err
	}
	m.Superseded, m.Deleted = out.superseded, out.deleted
	m.Documents = s.documents - out.superseded - out.deleted
	if m.Documents == 0 && !slices.ContainsFunc(out.deleting, func(word uint64) bool { return word != 0 }) {
		return nil, badinput.New(paths[0], "", fmt.Sprintf("no document that is to be annotated in %d files", len(paths)), "one at least")
	}
	if err := m.cut(&o, s, out); err != nil {
		return nil, err
	}
	return m, m.findRanges(ctx)
}

// named returns inputs with their paths and the identifiers of files that share
// their name with another one.
func named(paths []string, dir string) ([]Input, error) {
	base, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	names := map[string]int{}
	inputs := make([]Input, len(paths))
	for i, path := range paths {
		full, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if below, err := filepath.Rel(base, full); err == nil && filepath.IsLocal(below) {
			full = below
		}
		inputs[i].Path = filepath.ToSlash(full)
		names[filepath.Base(path)]++
	}
	for i := range inputs {
		if names[filepath.Base(paths[i])] > 1 {
			inputs[i].FileID = inputs[i].Path
		}
	}
	return inputs, nil
}

// batch is how many records a reader hands over at once, and batches how many it may
// be ahead by: enough for a whole file of PubMed.
const (
	batch   = 512
	batches = 64
)

// readInputs reads all inputs, several at a time, and spools their records in the
// order of the inputs.
func (m *Manifest) readInputs(ctx context.Context, o *PlanOptions, s *spool) error {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	readers := make([]*inputReader, len(m.Inputs))
	next := make(chan *inputReader, len(readers))
	for i := range readers {
		readers[i] = &inputReader{index: i, in: &m.Inputs[i], path: m.path(&m.Inputs[i]), o: o, out: make(chan []record, batches)}
		next <- readers[i]
	}
	close(next)
	for range runtime.GOMAXPROCS(0) { // bounds how many inputs are open
		working.Go(func() {
			for r := range next {
				r.run(ctx)
			}
		})
	}
	for _, r := range readers {
		for list := range r.out {
			for _, one := range list {
				if one.kind == unreadable {
					m.Unreadable++
				}
				if err := s.add(one); err != nil {
					return err
				}
			}
		}
		for _, w := range r.warnings {
			o.Warn(w)
		}
		for _, err := range r.bad {
			o.Unreadable(err)
		}
		if r.err != nil {
			return r.err
		}
	}
	return ctx.Err()
}

// inputReader reads one input. Its fields may be read when out is closed.
type inputReader struct {
	index int
	in    *Input
	path  string
	o     *PlanOptions

	out      chan []record
	list     []record
	warnings []format.Warning
	bad      []error
	err      error
}

// run reads the input, unless ctx ends.
func (r *inputReader) run(ctx context.Context) {
	defer close(r.out)
	if ctx.Err() != nil {
		return
	}
	f, err := files.Open(r.path)
	if err != nil {
		r.err = err
		return
	}
	defer func() { _ = f.Close() }()
	raw := &meter{r: f, sum: sha256.New(), progress: r.o.Progress}
	if err := r.documents(ctx, raw); err != nil {
		r.err = err
		return
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // what the reader left unread
		r.err = fmt.Errorf("%s: %w", r.path, err)
		return
	}
	r.in.Bytes, r.in.SHA256 = raw.n, hex.EncodeToString(raw.sum.Sum(nil))
	r.flush(ctx)
}

// documents reads the documents.
func (r *inputReader) documents(ctx context.Context, raw io.Reader) error {
	ro := r.in.readOptions()
	ro.Format = r.o.Input
	ro.Warn = func(w format.Warning) { r.warnings = keep(r.warnings, w) }
	if r.o.Duplicates != Keep {
		ro.Deleted = func(ids []string) {
			for _, id := range ids {
				r.add(ctx, record{kind: deletion, unique: true, version: math.MaxInt32, id: id}, nil)
			}
		}
	}
	reader, err := format.NewReader(r.in.Path, raw, ro)
	if err != nil {
		r.add(ctx, record{kind: unreadable}, err)
		return ctx.Err()
	}
	r.in.Format = reader.Format()
	unique := r.o.Duplicates.unique(r.in.Format)
	for res, err := range reader.Results() {
		if ctx.Err() != nil {
			_ = reader.Close() // the plan is given up
			return ctx.Err()
		}
		one := record{kind: readable, unique: unique, version: versionOf(&res.Document), size: len(res.Text), id: res.ID}
		if err != nil {
			one = record{kind: unreadable, id: res.ID}
		}
		r.add(ctx, one, err)
	}
	if err := reader.Close(); err != nil {
		return fmt.Errorf("%s: %w", r.in.Path, err)
	}
	return nil
}

// versionOf returns the version of a citation, from 1 on.
func versionOf(d *document.Document) int {
	n, err := strconv.Atoi(d.Infons["version"])
	if err != nil {
		return 1
	}
	return min(max(n, 1), math.MaxInt32-1)
}

// add adds a document or a deletion; err says why it can't be read.
func (r *inputReader) add(ctx context.Context, one record, err error) {
	if err != nil {
		r.bad = keep(r.bad, err)
	}
	if one.kind != deletion {
		r.in.Documents++
	}
	one.input = r.index
	if r.list = append(r.list, one); len(r.list) == batch {
		r.flush(ctx)
	}
}

func (r *inputReader) flush(ctx context.Context) {
	select {
	case r.out <- r.list:
	case <-ctx.Done():
	}
	r.list = nil
}

// keep appends x to a list of what is reported, up to a number that nobody reads.
func keep[T any](list []T, x T) []T {
	if len(list) < 1000 {
		list = append(list, x)
	}
	return list
}

// meter counts and hashes what is read.
type meter struct {
	r        io.Reader
	n        int64
	sum      hash.Hash
	progress func(int)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.sum.Write(p[:n])
	if m.progress != nil && n > 0 {
		m.progress(n)
	}
	return n, err
}

// readOptions returns how the documents of the input are read, when a plan is made
// and when they are annotated.
func (in *Input) readOptions() format.ReadOptions {
	return format.ReadOptions{Format: in.Format, Annotations: format.TextOnly, FileID: in.FileID}
}
