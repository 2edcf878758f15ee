package model

import (
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
)

// Model is an open checkpoint, ready to generate. Its methods may be called
// concurrently; calls that compute share the steps of one batch.
type Model struct {
	config    *arch.Config
	backend   backend.Backend
	scheduler *scheduler
	stop      []int32
	context   int
	adapters  []string // names that a request may choose
	merged    string   // name of the adapter that is part of the weights; "": none
	mode      LoRA
	active    active
	heads     heads
	tagsOnly  bool // the model has no language-model head
	origin    origin
	files     []io.Closer // the weights are views of their bytes
	closing   sync.Once
}

// newModel makes a model and starts its scheduler.
func newModel(c *arch.Config, b backend.Backend, stop []int32, adapters []string, o Options) *Model {
	o = o.withDefaults(c)
	return &Model{
		config: c, backend: b, stop: stop, context: o.Context, adapters: adapters,
		scheduler: newScheduler(b, c.VocabSize, o),
	}
}

// Config returns the checkpoint's architecture.
func (m *Model) Config() *arch.Config { return m.config }

// Info describes the device, its kernels, and the memory that weights take.
func (m *Model) Info() Info { return Info(m.backend.Info()) }

// Adapters returns the names of the adapters, and how they are applied ("" where
// there is none). A request chooses one of them, or [Base]; where the adapter is
// merged there is no base.
func (m *Model) Adapters() ([]string, LoRA) {
	if m.merged != "" {
		return []string{m.merged}, m.mode
	}
	return slices.Clone(m.adapters), m.mode
}

// StopIDs returns the ids that end an output unless a request names others.
func (m *Model) StopIDs() []int32 { return slices.Clone(m.stop) }

// Context returns how many tokens prompt and output may have together.
func (m *Model) Context() int { return m.context }

// Stats reports what the model has done so far, and what it holds.
func (m *Model) Stats() Stats {
	st := m.scheduler.stats.get()
	m.scheduler.gate.describe(&st)
	return st
}

// Close ends all calls with [ErrClosed], frees the weights and unmaps the
// files.
func (m *Model) Close() (err error) {
	m.closing.Do(func() {
		m.scheduler.close()
		err = m.backend.Close()
		for _, f := range m.files {
			err = errors.Join(err, f.Close())
		}
	})
	return err
}
