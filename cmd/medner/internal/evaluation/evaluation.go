// Package evaluation scores annotations against gold ones: it has an extractor
// annotate the gold documents, computes what was asked for, and prints it. The
// measures themselves are package eval's.
package evaluation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
)

// Options say what to score and how.
type Options struct {
	eval.Options
	Gold, Predicted []document.Document
	// Compare, if not nil, are other predictions for the same documents: the
	// difference to Predicted is tested.
	Compare []document.Document
	// Thresholds also scores what is left above each of several confidences.
	Thresholds bool
	// Observed holds the answers that the predictions were read from; nil if they
	// come from a file.
	Observed *Observed
	// Fit fits a calibration to the outcome. It needs Observed.
	Fit bool
	// Started is when the work began, the extraction included.
	Started time.Time
}

// Evaluation is the outcome, as `medner eval --json` prints it.
type Evaluation struct {
	*eval.Report
	// Calibration measures, by task, how well the confidences agree with the
	// outcome. If a calibration was fitted, each item is measured with the confidence
	// of a curve that was fitted without the item's document.
	Calibration map[string]eval.Calibration `json:"calibration,omitempty"`
	CrossFitted bool                        `json:"calibration_cross_fitted,omitempty"`
	Thresholds  []eval.Threshold            `json:"thresholds,omitempty"`
	Differences []eval.Difference           `json:"differences,omitempty"`

	// Fitted is the calibration that was fitted, if any.
	Fitted *confidence.Calibration `json:"-"`
}

// Run scores predictions.
func Run(o Options) (*Evaluation, error) {
	e := &Evaluation{CrossFitted: o.Fit}
	if o.Observed != nil {
		o.Replies = o.Observed.replies
	}
	var err error
	if e.Report, err = eval.Evaluate(o.Gold, o.Predicted, o.Options); err != nil {
		return nil, err
	}
	e.Seconds = time.Since(o.Started).Seconds()
	if o.Fit {
		e.Calibration, e.Fitted = o.Observed.fit(o.Gold, o.Resamples)
	} else {
		e.Calibration = map[string]eval.Calibration{}
		for task, graded := range eval.Confidences(o.Gold, o.Predicted) {
			e.Calibration[task] = eval.Calibrate(graded, o.Resamples)
		}
	}
	if o.Thresholds {
		if e.Thresholds, err = eval.Thresholds(o.Gold, o.Predicted, o.Options); err != nil {
			return nil, err
		}
	}
	if o.Compare != nil {
		if e.Differences, err = eval.Compare(o.Gold, o.Predicted, o.Compare, o.Options); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// fit fits a calibration to all items that the extractor wrote. What it measures
// is not that calibration, which has seen the items, but curves that were fitted
// to nine tenths of the documents and applied to the rest.
func (o *Observed) fit(gold []document.Document, resamples int) (map[string]eval.Calibration, *confidence.Calibration) {
	samples := o.samples(gold)
	measured := map[string]eval.Calibration{}
	fitted := &confidence.Calibration{Schema: confidence.Schema, Key: o.key, Data: fmt.Sprintf("%d documents", len(gold)), Tasks: map[string]*confidence.Curve{}}
	for task, s := range samples {
		var graded []eval.Graded
		for i, p := range confidence.CrossFit(s, 10) {
			graded = append(graded, eval.Graded{Document: s[i].Group, Confidence: p, Correct: s[i].Correct})
		}
		measured[task] = eval.Calibrate(graded, resamples)
		fitted.Tasks[task] = confidence.Fit(s)
	}
	return measured, fitted
}

// samples returns, by task, the grounded items and whether the gold documents
// have them.
func (o *Observed) samples(gold []document.Document) map[string][]confidence.Sample {
	graders := map[string]*eval.Grader{}
	for i := range gold {
		graders[gold[i].ID] = eval.NewGrader(&gold[i])
	}
	samples := map[string][]confidence.Sample{}
	for _, it := range o.sortedItems() {
		g := graders[it.Document]
		if g == nil || !it.Grounded {
			continue
		}
		correct := false
		if it.Chemical != "" || it.Disease != "" {
			correct = g.Pair(it.Chemical, it.Disease)
		} else {
			correct = g.Mention(string(it.Task), it.Text)
		}
		task := string(it.Task)
		samples[task] = append(samples[task], confidence.Sample{Features: it.Features, Correct: correct, Group: it.Document})
	}
	return samples
}

// sortedItems returns the items in an order that does not depend on the
// goroutines that they came from.
func (o *Observed) sortedItems() []ner.Item {
	key := func(it *ner.Item) string {
		return it.Document + "\x00" + string(it.Task) + "\x00" + it.Text + it.Chemical + "\x00" + it.Disease
	}
	return slices.SortedStableFunc(slices.Values(o.items), func(a, b ner.Item) int { return strings.Compare(key(&a), key(&b)) })
}
