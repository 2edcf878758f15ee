package model

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
)

// Adapter is what a request runs under: an adapter of the model, a sum of adapters, or
// [Base].
type Adapter struct {
	Name string
	// Path is the folder that the adapter was opened from. It is empty for the
	// base, for a sum and for an adapter of Options.ParsedAdapters.
	Path string
	LoRA LoRA // how the adapter is applied; "" for the base
	// Relabelled has the labels of Options.Labels where they aren't those that the files
	// name; nil: there is no token classification head, or it has its own labels.
	Relabelled []string
}

// Adapter returns what a request with this adapter's name runs under. The empty
// name means what [Options].Active says. The error is the one that [Model.Generate]
// returns for the same name.
func (m *Model) Adapter(name string) (Adapter, error) {
	i, err := m.adapterIndex(name)
	if err != nil {
		return Adapter{}, err
	}
	a := Adapter{Name: m.merged, LoRA: m.mode, Relabelled: m.relabelled(i)}
	switch {
	case i >= 0:
		a.Name = m.adapters[i]
	case m.merged == "":
		return Adapter{Name: Base, Relabelled: a.Relabelled}, nil
	}
	a.Path = folderOf(a.Name, m.origin.options)
	return a, nil
}

// folderOf returns the folder that an adapter was opened from, "" for one that was not.
func folderOf(adapter string, o Options) (path string) {
	for _, dir := range o.Adapters {
		if filepath.Base(filepath.Clean(dir)) == adapter { // as lora.Open names it
			path = dir
		}
	}
	return path
}

// adapterIndex returns the place of an adapter among those that a request may
// choose, -1 for the base or for a merged adapter.
func (m *Model) adapterIndex(adapter string) (int, error) {
	switch {
	case adapter == "" && m.active.refused != nil:
		return 0, m.active.refused
	case adapter == "" && m.active.name != "":
		return m.adapterIndex(m.active.name)
	case adapter == "", adapter == m.merged, adapter == Base && m.merged == "":
		return -1, nil
	}
	if i := slices.Index(m.adapters, adapter); i >= 0 {
		return i, nil
	}
	choice := append([]string{Base}, m.adapters...)
	if m.merged != "" {
		choice = []string{m.merged}
	}
	return 0, badinput.New("", "adapter", fmt.Sprintf("%q", adapter), fmt.Sprintf("one of %q", choice))
}
