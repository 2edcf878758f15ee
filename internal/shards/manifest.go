// Package shards divides a corpus into shards that any number of machines annotate,
// one process a shard, and puts their results together again.
//
// A manifest, written once by [Plan], says which documents each shard has. [Worker]
// annotates shards. What it writes for shard 7 lies in one folder:
//
//	shard-00007.jsonl         the results, in the order of the documents
//	shard-00007.errors.jsonl  the documents that could not be read or annotated
//	shard-00007.done          what both were made of, and their hashes
//	shard-00007.lease         while a process works on the shard: which one
//	work/shard-00007.*        what is done of a shard that isn't complete
//
// Results depend on the documents and on the [Config] alone, so that a shard which
// two processes annotate, by mistake or after a failure, has the same bytes from
// both. No lock is needed for the results to be right: the lease only spares work.
package shards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/format"
)

// manifestSchema is the "schema" of a manifest.
const manifestSchema = "medner-manifest/1"

// maxManifest bounds a manifest in bytes.
const maxManifest = 1 << 30

// Manifest says which documents each shard of a corpus has.
type Manifest struct {
	Schema    string `json:"schema"`
	Documents int    `json:"documents"` // of all shards together
	// Unreadable documents are among Documents: they fail when they are annotated.
	Unreadable int `json:"unreadable"`
	// Superseded and Deleted documents of the inputs are in no shard: another document
	// of the same identifier comes later, or a later citation file deletes them.
	Superseded int        `json:"superseded"`
	Deleted    int        `json:"deleted"`
	Duplicates Duplicates `json:"duplicates"` // the rule by which they are
	Inputs     []Input    `json:"inputs"`
	Shards     []Shard    `json:"shards"`

	dir string // the folder that relative paths of inputs are below
}

// Input is a file of documents.
type Input struct {
	Path      string        `json:"path"` // with slashes; below the manifest's folder unless it is absolute
	Format    format.Format `json:"format,omitempty"`
	FileID    string        `json:"file_id,omitempty"` // see format.ReadOptions
	Bytes     int64         `json:"bytes"`
	SHA256    string        `json:"sha256"`
	Documents int           `json:"documents"` // those in no shard included
	// Deletes are the identifiers of the documents that the file deletes and that don't
	// come again behind that.
	Deletes []string `json:"deletes,omitempty"`
}

// Shard is a share of the documents.
type Shard struct {
	Number    int   `json:"shard"`
	Documents int   `json:"documents"`
	Bytes     int64 `json:"bytes"` // of the documents' texts
	// First and Last are the identifiers of the first and the last document.
	First string `json:"first_id,omitempty"`
	Last  string `json:"last_id,omitempty"`
	// IDs is the SHA-256 of the identifiers of all documents in order, each after its
	// length as a varint; an unreadable document without one has the empty identifier.
	IDs   string `json:"ids_sha256"`
	Parts []Part `json:"parts"`
}

// Part is a run of documents of an input: Count of them from the one with the index
// First on, without those in Skip.
type Part struct {
	Input int  `json:"input"` // index in Manifest.Inputs
	First int  `json:"first"`
	Count int  `json:"count"`
	Skip  runs `json:"skip,omitempty"` // indices, counted from First
	// Range, where it is set, is the part of the file that has these documents. First
	// is counted from its beginning.
	Range *Range `json:"range,omitempty"`
}

// Range is a part of a file of lines.
type Range struct {
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	Line   int    `json:"line"` // the number of its first line, from 1
	SHA256 string `json:"sha256"`
}

// documents returns how many documents the part has.
func (p *Part) documents() int { return p.Count - p.Skip.len() }

// before reports whether all documents of p stand before those of q.
func (p *Part) before(q *Part) bool {
	switch {
	case p.Input != q.Input:
		return p.Input < q.Input
	case p.Range != nil && q.Range != nil:
		return q.Range.Offset-p.Range.Offset >= p.Range.Bytes
	}
	return p.Range == nil && q.Range == nil && q.First-p.First >= p.Count
}

// Load reads a manifest.
func Load(path string) (*Manifest, error) {
	data, err := files.Read(path, maxManifest, "a manifest that 'medner batch plan' has written")
	if err != nil {
		return nil, err
	}
	m := &Manifest{dir: filepath.Dir(path)}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, hint.Add(badinput.Wrap(path, "", err), "'medner batch plan' writes manifests")
	}
	if m.Schema != manifestSchema {
		return nil, hint.Add(badinput.New(path, "schema", strconv.Quote(m.Schema), strconv.Quote(manifestSchema)), "'medner batch plan' writes manifests")
	}
	if field, found, want := m.fault(); field != "" {
		return nil, badinput.New(path, field, found, want)
	}
	return m, nil
}

// mostDocuments is more than a manifest can have: numbers up to it add up without overflow.
const mostDocuments = 1 << 40

// fault names the first field that is not as Plan writes it; "" if there is none.
func (m *Manifest) fault() (field, found, want string) {
	for i := range m.Inputs {
		if n := m.Inputs[i].Documents; n < 0 || n > mostDocuments {
			return fmt.Sprintf("inputs[%d].documents", i), fmt.Sprint(n), fmt.Sprintf("0 to %d", mostDocuments)
		}
	}
	total := 0
	var last *Part
	for i := range m.Shards {
		s := &m.Shards[i]
		at := fmt.Sprintf("shards[%d]", i)
		if s.Number != i {
			return at + ".shard", fmt.Sprint(s.Number), fmt.Sprint(i)
		}
		n := 0
		for j := range s.Parts {
			p := &s.Parts[j]
			at := fmt.Sprintf("%s.parts[%d]", at, j)
			switch {
			case p.Input < 0 || p.Input >= len(m.Inputs):
				return at + ".input", fmt.Sprint(p.Input), fmt.Sprintf("the index of one of %d inputs", len(m.Inputs))
			case p.First < 0 || p.Count < 1 || p.Count > m.Inputs[p.Input].Documents-p.First:
				return at + ".count", fmt.Sprintf("%d documents from %d on", p.Count, p.First), fmt.Sprintf("some of the input's %d", m.Inputs[p.Input].Documents)
			case !p.Skip.within(p.Count):
				return at + ".skip", "an index outside of the part", fmt.Sprintf("indices below %d, in order", p.Count)
			case p.Range != nil && (p.Range.Offset < 0 || p.Range.Bytes < 1 || p.Range.Bytes > m.Inputs[p.Input].Bytes-p.Range.Offset):
				return at + ".range", fmt.Sprintf("%d bytes from %d on", p.Range.Bytes, p.Range.Offset), fmt.Sprintf("some of the input's %d", m.Inputs[p.Input].Bytes)
			case last != nil && !last.before(p):
				return at, "documents that stand before those of the part before, or are the same", "each document once, in the order of the inputs"
			}
			last = p
			if n += p.documents(); n > mostDocuments {
				return at + ".count", "more documents than there can be", fmt.Sprintf("%d at most", mostDocuments)
			}
		}
		if s.Documents != n {
			return at + ".documents", fmt.Sprint(s.Documents), fmt.Sprintf("%d, as its parts have", n)
		}
		if total += n; total > mostDocuments {
			return at + ".documents", "more documents than there can be", fmt.Sprintf("%d at most", mostDocuments)
		}
	}
	if m.Documents != total {
		return "documents", fmt.Sprint(m.Documents), fmt.Sprintf("%d, as the shards have", total)
	}
	if len(m.Shards) == 0 {
		return "shards", "none", "one at least"
	}
	if !slices.Contains(allDuplicates, m.Duplicates) {
		return "duplicates", strconv.Quote(string(m.Duplicates)), fmt.Sprintf("one of %q", allDuplicates)
	}
	return "", "", ""
}

// Write writes the manifest.
func (m *Manifest) Write(path string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(m); err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, text.Bytes())
}

// Shard returns the shard of a number.
func (m *Manifest) Shard(number int) (*Shard, error) {
	if number < 0 || number >= len(m.Shards) {
		return nil, badinput.New("", "shard", fmt.Sprint(number), fmt.Sprintf("0 to %d", len(m.Shards)-1))
	}
	return &m.Shards[number], nil
}

// Paths returns the paths of all inputs.
func (m *Manifest) Paths() []string {
	paths := make([]string, len(m.Inputs))
	for i := range m.Inputs {
		paths[i] = m.path(&m.Inputs[i])
	}
	return paths
}

// path returns the path of an input on this machine.
func (m *Manifest) path(in *Input) string {
	path := filepath.FromSlash(in.Path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(m.dir, path)
}
