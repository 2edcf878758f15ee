package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/medner/medner/ner/document"
)

// Difference compares the F1 of two predictions for the same gold documents.
type Difference struct {
	Level string   `json:"level"`
	Task  string   `json:"task"`       // a task, "micro" or "macro"
	A     float64  `json:"a"`          // F1 of the first predictions
	B     float64  `json:"b"`          // F1 of the second
	Delta float64  `json:"delta"`      // B - A
	CI    Interval `json:"delta_ci95"` // of Delta
	P     float64  `json:"p"`          // the two-sided p-value of no difference
}

// Compare scores two predictions, and returns their differences for each level and
// task. The bootstrap is paired: each resample has the same documents for both, so
// that what makes a document hard cancels out. ctx ends it early.
func Compare(ctx context.Context, gold, a, b []document.Document, o Options) ([]Difference, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	resamples := o.Resamples
	if resamples == 0 {
		resamples = Resamples
	}
	o.Resamples = 0
	ra, err := Evaluate(ctx, gold, a, o)
	if err != nil {
		return nil, fmt.Errorf("first predictions: %w", err)
	}
	rb, err := Evaluate(ctx, gold, b, o)
	if err != nil {
		return nil, fmt.Errorf("second predictions: %w", err)
	}
	levels := []string{DocumentLevel}
	if ra.Levels != nil {
		levels = append(levels, spanLevels...)
	}
	var out []Difference
	for _, level := range levels {
		ca, cb := ra.counts[level], rb.counts[level]
		if len(ca.tasks) == 0 {
			continue
		}
		delta := func(pick []int) []float64 {
			x, y := ca.f1(pick), cb.f1(pick)
			for i := range x {
				y[i] -= x[i]
			}
			return y
		}
		fa, fb := ca.f1(nil), cb.f1(nil)
		samples, err := resample(ctx, ra.Documents, resamples, delta)
		if err != nil {
			return nil, err
		}
		for i, task := range append(slices.Clone(ca.tasks), "micro", "macro") {
			v := samples[i]
			slices.Sort(v)
			out = append(out, Difference{
				Level: level, Task: task, A: fa[i], B: fb[i], Delta: fb[i] - fa[i],
				CI: interval95(v),
				P:  twoSided(v),
			})
		}
	}
	return out, nil
}

// twoSided returns a two-sided p-value: twice the share of resampled differences
// on that side of zero that has fewer. Differences of zero count on both sides, and
// the observed difference counts as one more, so that the value is never 0.
func twoSided(sorted []float64) float64 {
	below, above := 0, 0
	for _, v := range sorted {
		if v <= 0 {
			below++
		}
		if v >= 0 {
			above++
		}
	}
	return min(1, 2*float64(min(below, above)+1)/float64(len(sorted)+1))
}
