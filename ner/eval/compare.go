package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/medner/medner/badinput"
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

// Compare returns the differences between two reports for each level and task. Both must
// be what [Evaluate] returned for the same gold documents, tasks and types. The bootstrap
// is paired: each of resamples (0: [Resamples]) has the same documents for both, so that
// what makes a document hard cancels out. ctx ends it early.
func Compare(ctx context.Context, a, b *Report, resamples int) ([]Difference, error) {
	if err := checkResamples(resamples); err != nil {
		return nil, err
	}
	if resamples == 0 {
		resamples = Resamples
	}
	if err := sameGold(a, b); err != nil {
		return nil, err
	}
	levels := []string{DocumentLevel}
	if a.Levels != nil {
		levels = append(levels, spanLevels...)
	}
	var out []Difference
	for _, level := range levels {
		ca, cb := a.counts[level], b.counts[level]
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
		samples, err := resample(ctx, a.Documents, resamples, delta)
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

// sameGold returns an error unless two reports count the same items of the same gold
// documents.
func sameGold(a, b *Report) error {
	for i, r := range []*Report{a, b} {
		if r.counts == nil {
			return badinput.New("", []string{"first report", "second report"}[i], "no counts of documents", "a report as Evaluate returns it")
		}
	}
	if !slices.Equal(a.ids, b.ids) {
		return badinput.New("", "second report", fmt.Sprintf("%d other gold documents", len(b.ids)), fmt.Sprintf("the %d of the first report", len(a.ids)))
	}
	for level, ca := range a.counts {
		cb := b.counts[level]
		if !slices.Equal(ca.tasks, cb.tasks) {
			return badinput.New("", "second report: "+level, fmt.Sprintf("the tasks %q", cb.tasks), fmt.Sprintf("those of the first report, %q", ca.tasks))
		}
		for _, task := range ca.tasks {
			if ga, gb := ca.total(task, nil).Gold, cb.total(task, nil).Gold; ga != gb {
				return badinput.New("", "second report: "+level+": "+task, fmt.Sprintf("%d gold items", gb), fmt.Sprintf("the %d of the first report", ga))
			}
		}
	}
	return nil
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
