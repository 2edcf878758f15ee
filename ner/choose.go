package ner

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/prompt"
)

// vote applies the ensemble, and finishes the items' features.
func (c *collector) vote(items []*item) []*item {
	n := len(c.e.prompts)
	least := 1
	switch c.e.ensemble {
	case Intersection:
		least = n
	case Vote:
		least = n/2 + 1
	}
	var kept []*item
	for _, it := range items {
		it.features = it.all[0]
		if n > 1 {
			it.features = confidence.Merge(it.all, float64(len(it.prompts))/float64(n))
		}
		if len(it.prompts) < least {
			c.drop(it.task, it.written, fmt.Sprintf("written under %d of %d prompts", len(it.prompts), n))
			continue
		}
		kept = append(kept, it)
	}
	return kept
}

// decide leaves to one task what was written under two: where the model is
// surer of it, by the scores before any calibration, which are of one kind.
func (c *collector) decide(items map[prompt.Task][]*item) {
	chemicals := map[string]*item{}
	for _, it := range items[prompt.Chemicals] {
		chemicals[it.key()] = it
	}
	drop := map[*item]bool{}
	for _, disease := range items[prompt.Diseases] {
		chemical := chemicals[disease.key()]
		if chemical == nil {
			continue
		}
		less, more := chemical, disease
		if chemical.features.Score() > disease.features.Score() {
			less, more = disease, chemical
		}
		if p, q := less.features.Score(), more.features.Score(); p < q {
			drop[less] = true
			c.drop(less.task, less.written, fmt.Sprintf(reasonOtherType, entityType(more.task), q, p))
		}
	}
	for task := range items {
		items[task] = slices.DeleteFunc(items[task], func(it *item) bool { return drop[it] })
	}
}

// confidence is a probability where there is a calibration, else a score.
func (c *collector) confidence(it *item) float64 {
	p := it.features.Score()
	if c.e.calibration != nil {
		if curve := c.e.calibration.Tasks[string(it.task)]; curve != nil {
			p = curve.Apply(it.features)
		}
	}
	return p
}
