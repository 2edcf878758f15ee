package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/quant"
)

// Classifier is the head that scores the labels of each token: y = W x + b over the
// output of the last norm.
type Classifier struct {
	Module string       // "score"
	Weight quant.Matrix // [labels, hidden]
	Bias   []float32    // [labels]; nil: none
}

// matchClassifier finds the head among the tensors that are there. The files, not
// the configuration, say how many labels it has and whether it has a bias. Such a
// model needs no language-model head, but may have one.
func (c *Checkpoint) matchClassifier(there map[string]bool) error {
	var found []string
	for _, module := range labels.HeadModules {
		if there[module+".weight"] {
			found = append(found, module)
		}
	}
	switch len(found) {
	case 0:
		name := labels.HeadModules[0] + ".weight"
		return badinput.New(c.source.where(name), name, "no such tensor", fmt.Sprintf("labels × %d numbers", c.Config.HiddenSize))
	case 2:
		name := found[1] + ".weight"
		return badinput.New(c.source.where(name), name, "a second head beside "+found[0]+".weight", "one of them")
	}
	head := Weight{Name: found[0] + ".weight", Kind: Scores, Cols: c.Config.HiddenSize}
	m, err := c.source.matrix(head)
	if err != nil {
		return err
	}
	head.Rows = m.Rows()
	if !c.Config.TieWordEmbeddings && !there[HeadName] {
		c.weights = slices.DeleteFunc(c.weights, func(w Weight) bool { return w.Name == HeadName })
	}
	c.weights = append(c.weights, head)
	if bias := found[0] + ".bias"; there[bias] {
		c.weights = append(c.weights, Weight{bias, Bias, 1, head.Rows})
	}
	c.classifier = head
	return nil
}

// Classifier returns the model's token classification head, nil where the model has
// none. Its numbers are finite.
func (c *Checkpoint) Classifier() (*Classifier, error) {
	name := c.classifier.Name
	if name == "" {
		return nil, nil
	}
	head := &Classifier{Module: strings.TrimSuffix(name, ".weight")}
	var err error
	if head.Weight, err = c.Matrix(name); err != nil {
		return nil, err
	}
	if _, err := c.readAll(head.Weight, name); err != nil { // so that a bad number is named when the model is opened
		return nil, err
	}
	if bias := head.Module + ".bias"; c.Has(bias) {
		if head.Bias, err = c.Vector(bias); err != nil {
			return nil, err
		}
	}
	return head, nil
}
