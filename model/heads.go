package model

import (
	"fmt"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// head is a token classification head: that of a model, or that of an adapter.
type head struct {
	classifier *backend.Classifier
	labels     []string // by class, as the options or else the files name them; nil: neither does
	filed      []string // by class, as the files name them; nil: they don't
}

// scoresModule returns the token classification head as an adapter sees it: the one
// that the adapter brings along, or the base's. nil: there is none.
func scoresModule(a *lora.Adapter, files *checkpoint.Checkpoint) (*lora.Module, error) {
	if own, ok := a.Scores(files.Config.HiddenSize); ok {
		return &own, nil
	}
	base, err := files.Classifier()
	if base == nil || err != nil {
		return nil, err
	}
	return &lora.Module{Name: base.Module, Kind: lora.Scores, Rows: base.Weight.Rows(), Cols: base.Weight.Cols(), Bias: base.Bias != nil}, nil
}

// heads holds the token classification heads of a model: that of the base, then
// those of the adapters. An entry is nil where there is none.
type heads []*head

// unnamed are the labels that transformers gives a model whose config.json names none.
var unnamed = []string{"LABEL_0", "LABEL_1"}

// newHeads returns the head of a model without adapters. Options.Labels that are
// meant for an adapter's head of another size leave it its own labels.
func newHeads(files *checkpoint.Checkpoint, o Options) (heads, error) {
	base, err := files.Classifier()
	if base == nil || err != nil {
		return heads{nil}, err
	}
	c := &backend.Classifier{Weight: base.Weight, Bias: base.Bias}
	names, classes := files.Config.Labels, c.Weight.Rows()
	if names == nil && classes == len(unnamed) {
		names = unnamed
	}
	adapted := len(o.Adapters)+len(o.ParsedAdapters) > 0
	if adapted && len(o.Labels) != classes {
		o.Labels = nil
	}
	h, err := newHead(c, names, files.Path, o)
	if err == nil && h.labels == nil && !adapted {
		err = h.lacksLabels(files.Path)
	}
	return heads{h}, err
}

// newHead returns a head with its labels: those of the options, or the given ones of
// a file or folder. The number of labels must be that of the head's classes.
func newHead(c *backend.Classifier, names []string, file string, o Options) (*head, error) {
	field, filed := "labels", names
	if o.Labels != nil {
		names, file, field = o.Labels, "", "Options.Labels"
		if err := labels.Check(file, field, names); err != nil {
			return nil, err
		}
	}
	if classes := c.Weight.Rows(); names != nil && len(names) != classes {
		return nil, badinput.New(file, field, fmt.Sprintf("%d labels", len(names)), fmt.Sprintf("%d, the rows of the token classification head's weight", classes))
	}
	return &head{classifier: c, labels: names, filed: filed}, nil
}

// lacksLabels returns the error for a head whose labels neither its file or folder nor the
// options name.
func (h *head) lacksLabels(file string) error {
	return badinput.New(file, "labels", fmt.Sprintf("none for the %d classes of the token classification head", h.classifier.Weight.Rows()),
		labels.FileName+" beside the adapter, id2label in config.json, or Options.Labels")
}

// under returns the head under an adapter, which may change it or bring one along.
// It is the model's own where the adapter does nothing to it.
func (h heads) under(a *lora.Adapter, plan *lora.Plan, files *checkpoint.Checkpoint, o Options) (*head, error) {
	module, err := scoresModule(a, files)
	if module == nil || err != nil {
		return nil, err
	}
	base := h[0]
	delta := plan.Delta(module.Name)
	if delta == nil {
		return base, nil
	}
	c := &backend.Classifier{}
	var own quant.Matrix
	names := a.Labels
	if base != nil && base.classifier.Weight.Rows() == module.Rows {
		own, c.Bias = base.classifier.Weight, base.classifier.Bias
		if names == nil {
			names = base.filed
		}
	}
	if own == nil {
		own = delta.Weight // of an adapter on a base without such a head
	}
	if c.Weight, err = delta.Merge(own); err != nil {
		return nil, err
	}
	c.Bias = delta.BiasOf(c.Bias)
	return newHead(c, names, adapterFolder(a, o), o)
}

// adapterFolder returns the path of an adapter's folder, or its name.
func adapterFolder(a *lora.Adapter, o Options) string {
	if dir := folderOf(a.Name, o); dir != "" {
		return dir
	}
	return a.Name
}

// classifiers returns the heads as backends take them.
func (h heads) classifiers() []*backend.Classifier {
	if !slices.ContainsFunc(h, func(h *head) bool { return h != nil }) {
		return nil
	}
	list := make([]*backend.Classifier, len(h))
	for i, each := range h {
		if each != nil {
			list[i] = each.classifier
		}
	}
	return list
}

// Labels returns the labels by which the token classification head under an adapter
// names its classes, in their order. The name is that of Request.Adapter. The error
// is a badinput error if the adapter, or the base, has no such head, and if neither
// its files nor Options.Labels name the labels.
func (m *Model) Labels(adapter string) ([]string, error) {
	i, err := m.adapterIndex(adapter)
	if err != nil {
		return nil, err
	}
	h, err := m.headUnder(i, adapter)
	if err != nil {
		return nil, err
	}
	return slices.Clone(h.labels), nil
}

// headUnder returns the head under the adapter of an index, which the caller asked
// for by a name.
func (m *Model) headUnder(index int, name string) (*head, error) {
	var h *head
	if index+1 < len(m.heads) {
		h = m.heads[index+1]
	}
	if h != nil && h.labels == nil {
		return nil, h.lacksLabels(m.headFile(index))
	}
	if h != nil {
		return h, nil
	}
	if name == "" {
		name = m.nameOf(index)
	}
	if len(m.heads) <= 1 { // no adapter
		return nil, badinput.New(m.origin.path, "adapter", "none, and a model without a token classification head", m.withHeads())
	}
	return nil, badinput.New("", "adapter", fmt.Sprintf("%q, without a token classification head", name), m.withHeads())
}

// relabelled returns the labels under the adapter of an index where they aren't those
// that the files name.
func (m *Model) relabelled(index int) []string {
	if index+1 < len(m.heads) {
		if h := m.heads[index+1]; h != nil && !slices.Equal(h.labels, h.filed) {
			return slices.Clone(h.labels)
		}
	}
	return nil
}

// nameOf returns the name of what the adapter of an index runs under.
func (m *Model) nameOf(index int) string {
	switch {
	case index >= 0:
		return m.adapters[index]
	case m.merged != "":
		return m.merged
	}
	return Base
}

// headFile returns the folder or file that should name the labels of a head.
func (m *Model) headFile(index int) string {
	if dir := folderOf(m.nameOf(index), m.origin.options); dir != "" {
		return dir
	}
	return m.origin.path
}

// withHeads names the adapters that have a head, for errors.
func (m *Model) withHeads() string {
	var names []string
	for i, h := range m.heads {
		if h != nil {
			names = append(names, m.nameOf(i-1))
		}
	}
	if len(names) == 0 {
		return "a model of a class such as LlamaForTokenClassification, or an adapter whose task_type is TOKEN_CLS"
	}
	return fmt.Sprintf("one of %q", names)
}
