package lora

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/labels"
)

// Scores returns the token classification head that the adapter brings along, with
// as many rows as the adapter's tensor has and hidden columns. It reports false if
// the adapter has none.
func (a *Adapter) Scores(hidden int) (Module, bool) {
	for _, name := range labels.HeadModules {
		e := a.modules[name]
		if e == nil || e.tensors[weight] == nil {
			continue
		}
		head := Module{Name: name, Kind: Scores, Rows: 1, Cols: hidden, Bias: e.tensors[bias] != nil}
		if shape := e.tensors[weight].Shape; len(shape) == 2 {
			head.Rows = max(head.Rows, shape[0])
		}
		return head, true
	}
	return Module{}, false
}

// checkHead refuses an adapter that was trained for token classification if there
// is no head among the modules.
func (r *resolver) checkHead(modules []Module) error {
	if r.Config.TaskType != tokenClassification || slices.ContainsFunc(modules, func(m Module) bool { return m.Kind == Scores }) {
		return nil
	}
	return badinput.New(r.reader.Path(), labels.HeadModules[0]+".weight", "no such tensor", "the head of an adapter whose task_type is "+tokenClassification)
}

// readLabels reads the labels that an adapter's folder names, nil if it names none.
func readLabels(dir string) ([]string, error) {
	path := filepath.Join(dir, labels.FileName)
	data, err := files.Read(path, maxConfig, "the labels of a head")
	if err == nil {
		return labels.Parse(path, data)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	path = filepath.Join(dir, "config.json")
	if data, err = files.Read(path, maxConfig, "a model's configuration"); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var config map[string]json.RawMessage
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, badinput.Wrap(path, "", err)
	}
	if !labels.Named(config) {
		return nil, nil
	}
	return labels.OfConfig(path, config)
}
