package modelstore

import (
	"context"
	"fmt"
	"io"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/bundle"
)

// Files are the paths of a model, as package files opens them.
type Files struct {
	Base     string   // a directory in the Hugging Face hub's layout, or a GGUF file
	Adapters []string // directories in PEFT's layout
}

// Source is where a model comes from.
type Source interface {
	// Locate returns the model's files. It touches no network: a *[MissingError]
	// says that Fetch has to bring them first.
	Locate() (*Files, error)
	// Fetch brings the model's files to this machine, unless they are there and
	// intact.
	Fetch(ctx context.Context, o FetchOptions) (*Fetched, error)
	// Check compares every byte of the model's files with their hashes, and returns
	// how many files there are. It changes nothing and touches no network.
	Check(ctx context.Context) (files int, err error)
}

// Fetched says what Fetch has done.
type Fetched struct {
	*Files
	// New says that the model was not there.
	New bool
	// Damage says what was wrong with the model that was there, before it was
	// mended; nil if nothing was.
	Damage error
}

// FetchOptions say how to fetch.
type FetchOptions struct {
	// File holds what the source would download, where the user has brought it
	// from elsewhere; "" if not.
	File string
	// Log, if not nil, receives a line for each step, and what programs print
	// that a source runs.
	Log io.Writer
}

// MissingError says that the default model has not been fetched yet.
type MissingError struct {
	Dir string // where it would be
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the default model is not there yet: no %s", e.Dir)
}

// Hint says what to do.
func (e *MissingError) Hint() string {
	return "run 'medner fetch-default' once, or name another model with --model"
}

// Locate returns the files of the model that is called name. The adapters, if
// there are any, take the place of those that belong to the model.
func Locate(name string, adapters ...string) (*Files, error) {
	source, err := find(name)
	if err != nil {
		return nil, err
	}
	files, err := source.Locate()
	if err != nil {
		return nil, err
	}
	if len(adapters) > 0 {
		files.Adapters = adapters
	}
	return files, nil
}

// Fetch brings the model that is called name to this machine.
func Fetch(ctx context.Context, name string, o FetchOptions) (*Fetched, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	source, err := find(name)
	if err != nil {
		return nil, err
	}
	return source.Fetch(ctx, o)
}

// Check compares every byte of the model that is called name with its hashes, and
// returns the number of its files.
func Check(ctx context.Context, name string) (files int, err error) {
	source, err := find(name)
	if err != nil {
		return 0, err
	}
	return source.Check(ctx)
}

// find returns the source that a name stands for.
func find(name string) (Source, error) {
	if name != "" {
		return path(name), nil
	}
	carried, err := bundle.Own()
	if err != nil {
		return nil, err
	}
	if carried != nil {
		return inBundle{carried}, nil
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	return &cachedWheel{defaultModel, cache}, nil
}

// path is the source of a model that the user names by its path. Whether the
// files are there shows when they are opened.
type path string

func (p path) Locate() (*Files, error) { return &Files{Base: string(p)}, nil }

func (p path) Fetch(context.Context, FetchOptions) (*Fetched, error) {
	return nil, badinput.New(string(p), "", "a path", "the name of a model that can be fetched")
}

func (p path) Check(context.Context) (int, error) {
	return 0, badinput.New(string(p), "", "a path", "the name of a model whose hashes are known")
}

// inBundle is the source of the model that this executable carries.
type inBundle struct{ contents *bundle.Contents }

func (b inBundle) Locate() (*Files, error) {
	return &Files{Base: b.contents.Model, Adapters: b.contents.Adapters}, nil
}

// Fetch checks the model: a bundle has all that it needs.
func (b inBundle) Fetch(ctx context.Context, o FetchOptions) (*Fetched, error) {
	if o.File != "" {
		return nil, badinput.New(o.File, "", "a file to fetch from", "none, as this program carries its model")
	}
	if _, err := b.Check(ctx); err != nil {
		return nil, err
	}
	files, err := b.Locate()
	return &Fetched{Files: files}, err
}

func (b inBundle) Check(ctx context.Context) (int, error) {
	return len(b.contents.Names()), b.contents.Check(ctx)
}
