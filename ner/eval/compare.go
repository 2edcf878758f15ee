package eval

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/document"
)

// Difference compares two predictions of the same gold documents at one level:
// F1 of B minus F1 of A.
type Difference struct {
	Level string  `json:"level"`
	Task  string  `json:"task"` // a task, "micro" or "macro"
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	Delta float64 `json:"delta"`
	// CI is the paired bootstrap's 95 % interval of Delta.
	CI Interval `json:"delta_ci95"`
	// P is the two-sided bootstrap p-value of no difference.
	P float64 `json:"p"`
}

// Compare scores both predictions and resamples documents for both at once, so
// that what makes a document hard cancels out.
func Compare(gold, a, b []document.Document, o Options) ([]Difference, error) {
	resamples := o.Resamples
	if resamples == 0 {
		resamples = Resamples
	}
	o.Resamples = 0
	ra, err := Evaluate(gold, a, o)
	if err != nil {
		return nil, fmt.Errorf("first predictions: %w", err)
	}
	rb, err := Evaluate(gold, b, o)
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
		samples := resample(len(gold), resamples, delta)
		for i, task := range append(slices.Clone(ca.tasks), "micro", "macro") {
			v := samples[i]
			slices.Sort(v)
			out = append(out, Difference{
				Level: level, Task: task, A: fa[i], B: fb[i], Delta: fb[i] - fa[i],
				CI: Interval{percentile(v, 0.025), percentile(v, 0.975)},
				P:  twoSided(v),
			})
		}
	}
	return out, nil
}

// twoSided is twice the share of resampled differences on the lesser side of
// zero, the observed one counted among them, so that it is never 0; those that
// are zero count on both sides.
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
