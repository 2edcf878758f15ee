package ner

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"

	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/internal/version"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
)

// NotFetchedError is the error of [Open] where the default model has to be
// fetched first.
type NotFetchedError struct {
	Dir string // the directory that the model would be in
	err *modelstore.MissingError
}

// Error names the directory.
func (e *NotFetchedError) Error() string { return e.err.Error() }

// Hint says what a user can do.
func (e *NotFetchedError) Hint() string { return e.err.Hint() }

// Open opens a model, a directory in the layout of the Hugging Face hub or a
// GGUF file, and returns an extractor that asks it and that closes it. The
// empty path means the default model, with its adapter unless others are named;
// where it hasn't been fetched the error is a *[NotFetchedError].
// [WithModelOptions] names adapters and says how to hold and run the model.
func Open(ctx context.Context, path string, options ...Option) (*Extractor, error) {
	o := model.Options{}
	wanted := settingsOf(options)
	if err := wanted.check(); err != nil {
		return nil, err
	}
	if wanted.model != nil {
		o = *wanted.model
	}
	files, err := modelstore.Locate(path, o.Adapters...)
	if err != nil {
		if missing := (*modelstore.MissingError)(nil); errors.As(err, &missing) {
			return nil, &NotFetchedError{missing.Dir, missing}
		}
		return nil, err
	}
	o.Adapters = files.Adapters
	m, err := model.Open(ctx, files.Base, o)
	if err != nil {
		return nil, err
	}
	s, err := sharedOf(m)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	e, err := newExtractor(s, options)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	e.close = m.Close
	return e, nil
}

// New returns an extractor that asks a model which is open already, and which
// the caller closes after the extractor's last use. Any number of extractors
// may share a model with each other and with the caller's own requests; each
// gives what it would give alone. The model's weights are held once.
//
// The extractor uses what lies beside the adapter that it asks ([WithAdapter]),
// or beside the model where it asks no adapter: the name of the prompt to ask
// with, in [HintsFile], and a calibration, in [CalibrationFiles], if one fits.
func New(m *model.Model, options ...Option) (*Extractor, error) {
	if settingsOf(options).model != nil {
		return nil, errOpen
	}
	s, err := sharedOf(m)
	if err != nil {
		return nil, err
	}
	return newExtractor(s, options)
}

// sharedOf prepares what all extractors of one call of New share.
func sharedOf(m *model.Model) (*shared, error) {
	text := m.Text()
	tokenizer, err := text.Tokenizer()
	if err != nil {
		return nil, err
	}
	source := &modelSource{m: m, folders: map[string]*folder{}}
	return newShared(m, m, tokenizer, text.Template, source.under), nil
}

// modelSource describes a model under each of its adapters.
type modelSource struct {
	m       *model.Model
	mu      sync.Mutex
	folders map[string]*folder // by path
}

// under describes the model under an adapter.
func (s *modelSource) under(adapter string) (*subject, error) {
	a, err := s.m.Adapter(adapter)
	if err != nil {
		return nil, err
	}
	path := a.Path
	if path == "" {
		path = s.m.Path()
	}
	beside := s.folder(path)
	hint, err := beside.hint()
	if err != nil {
		return nil, err
	}
	return &subject{
		about: about(s.m, a), prompt: hint, numerics: numerics(s.m, a), calibrations: beside.calibrations,
		labels: func() (labelling, error) { return labelsOf(s.m, adapter) },
	}, nil
}

// folder returns what lies in a folder; files are read once.
func (s *modelSource) folder(path string) *folder {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[path]
	if f == nil {
		f = newFolder(path)
		s.folders[path] = f
	}
	return f
}

// about describes a model under an adapter for results and calibrations.
func about(m *model.Model, a model.Adapter) document.Model {
	o := m.Options()
	d := document.Model{Name: nameOf(m.Path()), Weights: string(o.Hold), Precision: string(o.Precision), Engine: version.String()}
	if a.Name != model.Base {
		d.Adapter = a.Name
	}
	if d.Weights == "" {
		d.Weights = string(model.Keep)
	}
	if d.Precision == "" {
		d.Precision = string(model.F32)
	}
	return d
}

// numerics says how the adapter is applied, and how keys and values are held
// where that costs precision, and the labels that options give a head in place of its
// own.
func numerics(m *model.Model, a model.Adapter) string {
	var all []string
	if a.LoRA != "" {
		all = append(all, "lora "+string(a.LoRA))
	}
	if kv := m.Options().KV; kv != "" && kv != "f32" {
		all = append(all, "keys and values "+kv)
	}
	if a.Relabelled != nil {
		all = append(all, "labels "+strings.Join(a.Relabelled, ","))
	}
	return strings.Join(all, ", ")
}

// nameOf returns the name that a model's directory or file has in results.
func nameOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return strings.TrimSuffix(filepath.Base(path), ".gguf")
}
