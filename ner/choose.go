package ner

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/prompt"
)

// vote returns the items that the ensemble keeps, and sets their features, among
// them the share of the prompts that agree.
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

// decide keeps a mention that was written both as a chemical and as a disease
// for one of the two: the one as which the pairs have it, or else the one of
// which the model is surer. It compares scores before calibration, since a
// calibration is fitted to each task apart.
func (c *collector) decide(items map[prompt.Task][]*item) {
	chemicals := map[string]*item{}
	for _, it := range items[prompt.Chemicals] {
		chemicals[it.key()] = it
	}
	sides := sidesOf(items[prompt.Influences])
	drop := map[*item]bool{}
	leave := func(it *item, reason string, args ...any) {
		drop[it] = true
		c.drop(it.task, it.written, fmt.Sprintf(reason, args...))
	}
	for _, disease := range items[prompt.Diseases] {
		chemical := chemicals[disease.key()]
		if chemical == nil {
			continue
		}
		p, q := chemical.features.Score(), disease.features.Score()
		switch side := sides[disease.key()]; {
		case side == chemicalSide:
			leave(disease, reasonOtherSide, document.Chemical)
		case side == diseaseSide:
			leave(chemical, reasonOtherSide, document.Disease)
		case p > q:
			leave(disease, reasonOtherType, document.Chemical, p, q)
		case p < q:
			leave(chemical, reasonOtherType, document.Disease, q, p)
		}
	}
	for task := range items {
		items[task] = slices.DeleteFunc(items[task], func(it *item) bool { return drop[it] })
	}
}

// The sides of pairs that a mention is on, as bits.
const (
	chemicalSide = 1 << iota
	diseaseSide
)

// sidesOf returns the sides that mentions are on in pairs, by the mentions'
// keys.
func sidesOf(pairs []*item) map[string]int {
	sides := map[string]int{}
	for _, p := range pairs {
		sides[ground.Fold(p.mentions[0].text)] |= chemicalSide
		sides[ground.Fold(p.mentions[1].text)] |= diseaseSide
	}
	return sides
}

// confidence returns the probability that an item is right where there is a
// calibration for its task, else a score.
func (c *collector) confidence(it *item) float64 {
	p := it.features.Score()
	if c.e.calibration != nil {
		if curve := c.e.calibration.Tasks[string(it.task)]; curve != nil {
			p = curve.Apply(it.features)
		}
	}
	return p
}
