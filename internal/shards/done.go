package shards

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// doneSchema is the "schema" of a shard's .done file.
const doneSchema = "medner-shard/1"

// maxDone bounds a .done file in bytes.
const maxDone = 64 << 20

// Done says of a complete shard what it was made of, and what it is.
type Done struct {
	Schema string `json:"schema"`
	Shard  int    `json:"shard"`
	// Config is the hash of Settings, Plan that of which documents the shard has.
	Config    string `json:"config_sha256"`
	Plan      string `json:"plan_sha256"`
	Settings  Config `json:"settings"`
	Documents int    `json:"documents"`
	Failed    int    `json:"failed"` // of Documents
	Output    Sealed `json:"output"`
	Errors    Sealed `json:"errors"`
	// Made says how the results came about, which they don't depend on.
	Made Made `json:"made"`
	// Retried says which documents were annotated later, and how.
	Retried []Retried `json:"retried,omitempty"`
}

// Sealed is a file and its hash.
type Sealed struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Made says where and when a shard was made.
type Made struct {
	Host    string  `json:"host"`
	Began   string  `json:"began"` // the process that completed the shard
	Ended   string  `json:"ended"`
	Seconds float64 `json:"seconds"`
	Resumed int     `json:"resumed"` // documents that earlier processes had done
	// Machine says what else is of interest, such as the instruction set.
	Machine map[string]string `json:"machine,omitempty"`
}

// Retried says which of a shard's documents were annotated by 'medner batch retry'.
type Retried struct {
	Config   string   `json:"config_sha256"`
	Settings Config   `json:"settings"`
	Indices  []int    `json:"indices"`
	IDs      []string `json:"ids"`
}

// folder is the folder that shards are written into.
type folder string

func (f folder) name(shard int, suffix string) string {
	return filepath.Join(string(f), fmt.Sprintf("shard-%05d%s", shard, suffix))
}
func (f folder) output(shard int) string { return f.name(shard, ".jsonl") }
func (f folder) errors(shard int) string { return f.name(shard, ".errors.jsonl") }
func (f folder) done(shard int) string   { return f.name(shard, ".done") }
func (f folder) lease(shard int) string  { return f.name(shard, ".lease") }
func (f folder) work() string            { return filepath.Join(string(f), "work") }

// loadDone reads the .done file of a shard; nil if there is none.
func (f folder) loadDone(shard int) (*Done, error) {
	path := f.done(shard)
	data, err := files.Read(path, maxDone, "a file that 'medner batch run' has written")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var d Done
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, hint.Add(badinput.Wrap(path, "", err), "remove the file, and run the shard again")
	}
	if d.Schema != doneSchema || d.Shard != shard {
		err := badinput.New(path, "schema", fmt.Sprintf("%s of shard %d", strconv.Quote(d.Schema), d.Shard), fmt.Sprintf("%q of shard %d", doneSchema, shard))
		return nil, hint.Add(err, "remove the file, and run the shard again")
	}
	if d.Documents < 0 || d.Failed < 0 || d.Failed > d.Documents {
		err := badinput.New(path, "failed", fmt.Sprintf("%d of %d documents", d.Failed, d.Documents), "some of the documents")
		return nil, hint.Add(err, "remove the file, and run the shard again")
	}
	return &d, nil
}

// write writes the .done file of a shard.
func (d *Done) write(f folder) error {
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(f.done(d.Shard), append(data, '\n'))
}

// seal returns what a file is.
func seal(ctx context.Context, path string) (s Sealed, err error) {
	info, err := files.Stat(path)
	if err != nil {
		return s, err
	}
	s = Sealed{Name: filepath.Base(path), Bytes: info.Size()}
	s.SHA256, err = files.HashFile(ctx, path)
	return s, err
}

// broken returns an error if one of the shard's files is not what d says it is. An
// error that is fs.ErrNotExist says that one is missing.
func (d *Done) broken(ctx context.Context, f folder) error {
	for path, want := range map[string]Sealed{f.output(d.Shard): d.Output, f.errors(d.Shard): d.Errors} {
		got, err := seal(ctx, path)
		if err != nil {
			return err
		}
		if got != want {
			err := badinput.New(path, "content", fmt.Sprintf("%d bytes with the SHA-256 %s", got.Bytes, got.SHA256), fmt.Sprintf("%d bytes with %s, as %s says", want.Bytes, want.SHA256, filepath.Base(f.done(d.Shard))))
			return hint.Add(err, "bring the file back, or make the shard again with 'medner batch run --redo --shard "+fmt.Sprint(d.Shard)+"'")
		}
	}
	return nil
}
