package safetensors

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/mmap"
)

// The names that directories in the layout of the Hugging Face hub use.
const (
	FileName  = "model.safetensors"
	IndexName = "model.safetensors.index.json"
)

// Reader holds the tensors of one file, or of all shards of a model. It is safe
// for concurrent use.
type Reader struct {
	path     string
	maps     []*mmap.File
	tensors  map[string]Tensor
	names    []string
	metadata map[string]string
}

// Open opens a file, an index with its shards (a path that ends in .json), or
// a directory that holds either under the usual name.
//
// Files must not be changed while the Reader is in use. Where one is shortened
// all the same, [Tensor.View] and the matrices of [Tensor.Matrix] return errors,
// whereas reading [Tensor.Data] directly ends the program.
func Open(path string) (*Reader, error) {
	info, err := files.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		dir := path
		path = filepath.Join(dir, FileName)
		if _, err := files.Stat(path); errors.Is(err, os.ErrNotExist) {
			path = filepath.Join(dir, IndexName)
			if _, err := files.Stat(path); errors.Is(err, os.ErrNotExist) {
				return nil, badinput.New(dir, "", "no weights", FileName+" or "+IndexName)
			}
		}
	}
	r := &Reader{path: path, tensors: map[string]Tensor{}}
	if strings.HasSuffix(path, ".json") {
		err = r.openIndex(path)
	} else {
		err = r.openShard(path, func(string) bool { return true })
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.names = slices.Sorted(maps.Keys(r.tensors))
	return r, nil
}

// Parse reads a file from its content. The path names it in errors.
func Parse(path string, data []byte) (*Reader, error) {
	r := &Reader{path: path, tensors: map[string]Tensor{}}
	tensors, metadata, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	for _, t := range tensors {
		r.tensors[t.Name] = t
	}
	r.metadata = metadata
	r.names = slices.Sorted(maps.Keys(r.tensors))
	return r, nil
}

// Path returns the path of the file or index that was opened.
func (r *Reader) Path() string { return r.path }

// openShard adds those tensors of a file that wanted accepts.
func (r *Reader) openShard(path string, wanted func(name string) bool) error {
	file, err := files.Map(path)
	if err != nil {
		return err
	}
	r.maps = append(r.maps, file)
	tensors, metadata, err := parse(path, file.Bytes())
	if err != nil {
		return err
	}
	if r.metadata == nil {
		r.metadata = metadata
	}
	for _, t := range tensors {
		if !wanted(t.Name) {
			continue
		}
		if other, twice := r.tensors[t.Name]; twice {
			return badinput.New(path, clip.Text(t.Name), "the tensor in "+filepath.Base(other.File)+" too", "it in one shard")
		}
		r.tensors[t.Name] = t
	}
	return nil
}

// Names returns the names of the tensors in alphabetical order. The caller must
// not change them.
func (r *Reader) Names() []string { return r.names }

// Tensor returns a tensor by name.
func (r *Reader) Tensor(name string) (Tensor, bool) {
	t, ok := r.tensors[name]
	return t, ok
}

// Metadata returns the strings that the first file's header has beside the
// tensors; nil if there are none.
func (r *Reader) Metadata() map[string]string { return r.metadata }

// Release gives back the memory that holds what was read of the files so far.
// What is read again is fetched from the files again.
func (r *Reader) Release() {
	for _, m := range r.maps {
		m.Release()
	}
}

// Close unmaps the files; views of tensors must not be read afterwards.
func (r *Reader) Close() error {
	var errs []error
	for _, m := range r.maps {
		errs = append(errs, m.Close())
	}
	r.maps = nil
	return errors.Join(errs...)
}
