// Package evaluation scores annotations against gold ones: it has an extractor
// annotate the gold documents, computes what was asked for, and prints it. The
// measures themselves are package eval's.
package evaluation

import (
	"context"
	"fmt"
	"math"
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
	// Gold and Predicted are the documents with their types mapped.
	Gold      []document.Document `json:"-"`
	Predicted []document.Document `json:"-"`
}

// Run scores predictions. ctx ends it early.
func Run(ctx context.Context, o Options) (*Evaluation, error) {
	e := &Evaluation{CrossFitted: o.Fit}
	if o.Observed != nil {
		o.Replies = o.Observed.replies
	}
	var err error
	if e.Report, err = eval.Evaluate(ctx, o.Gold, o.Predicted, o.Options); err != nil {
		return nil, err
	}
	for _, name := range o.Types.Unused(o.Gold, o.Predicted, o.Compare) {
		e.Warnings = append(e.Warnings, fmt.Sprintf("--map: no mention has the type %q", name))
	}
	e.Seconds = time.Since(o.Started).Seconds()
	e.Gold, e.Predicted = o.Types.Apply(o.Gold), o.Types.Apply(o.Predicted)
	if err := e.calibrate(ctx, &o); err != nil {
		return nil, err
	}
	if o.Thresholds {
		if e.Thresholds, err = eval.Thresholds(ctx, o.Gold, o.Predicted, o.Options); err != nil {
			return nil, err
		}
	}
	if o.Compare != nil {
		return e, e.compare(ctx, o)
	}
	return e, nil
}

// calibrate measures the confidences, and fits a calibration if that is asked for.
func (e *Evaluation) calibrate(ctx context.Context, o *Options) (err error) {
	if o.Fit {
		e.Calibration, e.Fitted, err = o.Observed.fit(ctx, e.Gold, o.Resamples)
		for _, task := range eval.Tasks() {
			if e.Fitted != nil && e.Fitted.Tasks[task] != nil && e.Calibration[task].Items == 0 {
				e.Warnings = append(e.Warnings, fmt.Sprintf("--fit-calibration: all items of %s are of one document, so that their calibration couldn't be measured on others; fit it to more", task))
			}
		}
		return err
	}
	e.Calibration = map[string]eval.Calibration{}
	for task, graded := range eval.Confidences(e.Gold, e.Predicted) {
		if e.Calibration[task], err = eval.Calibrate(ctx, graded, o.Resamples); err != nil {
			return err
		}
	}
	return nil
}

// compare tests the difference to the predictions to compare with, and adds the
// warnings that scoring those gives.
func (e *Evaluation) compare(ctx context.Context, o Options) error {
	resamples := o.Resamples
	o.Resamples = 0 // the other report's own intervals are shown nowhere
	other, err := eval.Evaluate(ctx, o.Gold, o.Compare, o.Options)
	if err != nil {
		return fmt.Errorf("--compare: %w", err)
	}
	if e.Differences, err = eval.Compare(ctx, e.Report, other, resamples); err != nil {
		return err
	}
	for _, warning := range other.Warnings {
		if !slices.Contains(e.Warnings, warning) {
			e.Warnings = append(e.Warnings, "--compare: "+warning)
		}
	}
	return nil
}

// fit fits a calibration to all items that the extractor wrote. What it measures
// is not that calibration, which has seen the items, but curves that were fitted
// to nine tenths of the documents and applied to the rest.
func (o *Observed) fit(ctx context.Context, gold []document.Document, resamples int) (map[string]eval.Calibration, *confidence.Calibration, error) {
	samples := o.samples(gold)
	measured := map[string]eval.Calibration{}
	fitted := &confidence.Calibration{Schema: confidence.Schema, Key: o.key, Data: fmt.Sprintf("%d documents", len(gold)), Tasks: map[string]*confidence.Curve{}}
	for task, s := range samples {
		fitted.Tasks[task] = confidence.Fit(s)
		var graded []eval.Graded
		for i, p := range confidence.CrossFit(s, 10) {
			if math.IsNaN(p) {
				continue // all items are of one document: no curve has seen others only
			}
			graded = append(graded, eval.Graded{Document: s[i].Group, Confidence: p, Correct: s[i].Correct})
		}
		if len(graded) == 0 {
			continue
		}
		c, err := eval.Calibrate(ctx, graded, resamples)
		if err != nil {
			return nil, nil, err
		}
		measured[task] = c
	}
	return measured, fitted, nil
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
