package ner

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/internal/version"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// HintsFile, beside an adapter or a model, says how it was trained to be
// asked: {"prompt": "simple"}.
const HintsFile = "medner.json"

// maxHints bounds a HintsFile in bytes.
const maxHints = 1 << 20

type hints struct {
	Prompt string `json:"prompt"`
}

// CalibrationFiles, beside an adapter or a model, hold a calibration each, for
// one prompt, precision and way of decoding.
const CalibrationFiles = "calibration*.json"

// Open opens a model, a directory in the layout of the Hugging Face hub or a
// GGUF file, and returns an extractor that asks it; "" is the default model,
// which must have been fetched (package modelstore), with its adapter unless
// others are named. [WithModelOptions] names adapters and says how to hold and
// run the model.
//
// A calibration that lies beside the adapter is used where it fits.
func Open(ctx context.Context, path string, options ...Option) (*Extractor, error) {
	var s settings
	for _, option := range options {
		option(&s)
	}
	files, err := modelstore.Locate(path, s.model.Adapters...)
	if err != nil {
		return nil, err
	}
	path, s.model.Adapters = files.Base, files.Adapters
	m, err := model.Open(ctx, path, s.model)
	if err != nil {
		return nil, err
	}
	e, err := open(path, m, s.model, options)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return e, nil
}

func open(path string, m *model.Model, o model.Options, options []Option) (*Extractor, error) {
	_, lora := m.Adapters()
	engine := Engine{Generator: m, About: about(path, o), Numerics: numerics(o, lora)}
	var err error
	if engine.Tokenizer, engine.Template, err = texts(m); err != nil {
		return nil, err
	}
	home := path
	if len(o.Adapters) > 0 {
		home = o.Adapters[0]
	}
	if engine.Prompt, err = promptHint(home); err != nil {
		return nil, err
	}
	e, err := prepare(engine, options)
	if err != nil {
		return nil, err
	}
	e.close = m.Close
	if e.calibration == nil && e.profile == Default {
		if e.calibration, err = calibrationFor(e.Key(), home); err != nil {
			return nil, err
		}
	}
	if err := e.finish(); err != nil {
		return nil, err
	}
	return e, nil
}

// calibrationFor returns the calibration in a directory that has the key; nil
// if none has.
func calibrationFor(key confidence.Key, dir string) (*confidence.Calibration, error) {
	paths, err := files.Glob(dir, CalibrationFiles)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		c, err := confidence.Load(path)
		if err != nil {
			return nil, err
		}
		if c.Key == key {
			return c, nil
		}
	}
	return nil, nil
}

// missing says that there is no such file; below a model that is a file itself
// there is none.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// texts reads a model's tokenizer, and its chat template if there is one that
// can be run: its absence matters only to prompts that ask for it.
func texts(m *model.Model) (tok *tokenizer.Tokenizer, template *chat.Template, err error) {
	if tok, err = m.Text().Tokenizer(); err != nil {
		return nil, nil, err
	}
	if template, err = m.Text().Template(); err != nil {
		template = nil
	}
	return tok, template, nil
}

func about(path string, o model.Options) document.Model {
	a := document.Model{Name: base(path), Weights: string(o.Hold), Precision: string(o.Precision), Engine: version.String()}
	var names []string
	for _, dir := range o.Adapters {
		names = append(names, base(dir))
	}
	a.Adapter = strings.Join(names, "+")
	if a.Weights == "" {
		a.Weights = "keep"
	}
	if a.Precision == "" {
		a.Precision = "f32"
	}
	return a
}

// numerics says how adapters are applied, and how keys and values are held
// where that costs precision.
func numerics(o model.Options, lora model.LoRA) string {
	var all []string
	if lora != "" {
		all = append(all, "lora "+string(lora))
	}
	if o.KV != "" && o.KV != "f32" {
		all = append(all, "keys and values "+o.KV)
	}
	return strings.Join(all, ", ")
}

func base(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return strings.TrimSuffix(filepath.Base(path), ".gguf")
}

// promptHint reads the prompt that a directory's hints name; "" if it has none.
func promptHint(dir string) (string, error) {
	path := filepath.Join(dir, HintsFile)
	data, err := files.Read(path, maxHints, "hints")
	if err != nil {
		if missing(err) {
			err = nil
		}
		return "", err
	}
	var h hints
	if err := json.Unmarshal(data, &h); err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	return h.Prompt, nil
}
