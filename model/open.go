package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
)

// Open opens a checkpoint, a directory in the layout of the Hugging Face hub or a
// GGUF file, with the adapters of o, and packs its weights for the device that
// computes. It needs no tokenizer.
//
// Each call packs weights of its own: two models of one path take their memory twice.
// One model serves any number of callers at once, and of extractors (ner.New). Close
// gives the memory back.
func Open(ctx context.Context, path string, o Options) (_ *Model, err error) {
	from := origin{path: path, options: o}
	files, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = files.Close()
		}
	}()
	o = o.withDefaults(files.Config)
	for _, warning := range files.Warnings {
		o.Log("%s", warning)
	}
	devices, err := o.check()
	if err != nil {
		return nil, err
	}
	w, err := readWeights(files)
	if err != nil {
		return nil, err
	}
	adapters, err := openAdapters(o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = adapters.Close()
		}
	}()
	if err := adapters.apply(ctx, files, w, o); err != nil {
		return nil, err
	}
	if adapters.mode == MergeNF4 {
		o.Hold = HoldNF4
	}
	b, err := openDevices(ctx, devices, w, o.backend())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	from.text = files.Text()
	hints, err := from.text.Generation()
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	m := newModel(files.Config, b, hints.EosTokenIDs, w.Adapters, o)
	m.origin, m.heads, m.tagsOnly = from, adapters.heads, w.Head.Weight == nil
	if len(adapters.open) > 0 {
		m.mode, m.active = adapters.mode, adapters.active
		if m.mode != Unmerged {
			m.merged = m.active.name
		}
	}
	m.files = []io.Closer{adapters, files}
	return m, nil
}

// origin is what Open made a model from; empty for a model of OpenRandom.
type origin struct {
	path    string
	text    *checkpoint.Text
	options Options
}

// Path returns the path that the model was opened from: a directory, a GGUF
// file, or a directory inside a bundled executable. It is empty for a model of
// [OpenRandom].
func (m *Model) Path() string { return m.origin.path }

// Options returns the options that the model was opened with, as the caller
// gave them: what is zero there is the default.
func (m *Model) Options() Options { return m.origin.options }

// Text returns the model's tokenizer, chat template and generation hints. They
// are read when they are first asked for.
func (m *Model) Text() *checkpoint.Text {
	if m.origin.text == nil {
		return &checkpoint.Text{}
	}
	return m.origin.text
}

// backend returns the options that a backend takes.
func (o Options) backend() backend.Options {
	return backend.Options{Precision: hold.Precision(o.Precision), Hold: hold.Hold(o.Hold), Threads: o.Threads, KV: o.KV, Context: o.Context, Log: o.Log}
}

// maxThreads is more than any machine has. Each thread takes memory of its own.
const maxThreads = 4096

// check refuses values that an option can't have, and reads Device.
func (o Options) check() ([]device, error) {
	for _, c := range []struct {
		field, found string
		allowed      []string
	}{
		{"precision", string(o.Precision), []string{"", string(hold.Exact), string(hold.Fast)}},
		{"weights", string(o.Hold), []string{"", string(hold.Keep), string(hold.NF4), string(hold.Int8), string(hold.BF16), string(hold.F32)}},
		{"kv dtype", o.KV, []string{"", "f32", "f16"}},
		{"lora", string(o.LoRA), []string{"", string(Merge), string(MergeNF4), string(Unmerged)}},
	} {
		if !slices.Contains(c.allowed, c.found) {
			return nil, badinput.New("", c.field, fmt.Sprintf("%q", c.found), fmt.Sprintf("one of %q", c.allowed[1:]))
		}
	}
	for _, c := range []struct {
		field        string
		found, least int
	}{
		{"threads", o.Threads, 0}, {"context", o.Context, 1}, {"batch", o.Batch, 1}, {"prefill chunk", o.PrefillChunk, 1},
	} {
		if c.found < c.least {
			return nil, badinput.New("", c.field, fmt.Sprint(c.found), fmt.Sprintf("%d or more", c.least))
		}
	}
	if o.Threads > maxThreads {
		return nil, badinput.New("", "threads", fmt.Sprint(o.Threads), fmt.Sprintf("at most %d", maxThreads))
	}
	return parseDevices(o.Device)
}
