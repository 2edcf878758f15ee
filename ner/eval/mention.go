package eval

import (
	"cmp"
	"slices"

	"github.com/medner/medner/ner/document"
)

// mention is a mention that has a place and a scored type.
type mention struct {
	spans []document.Span // in order, disjoint, not empty
	task  string
}

// mentions returns the mentions of d that have a place and a type with a task, each
// once, sorted by place and type: the order of annotations in a file changes no
// count.
func mentions(d *document.Document) []mention {
	var out []mention
	for i := range d.Entities {
		e := &d.Entities[i]
		if task := taskOfType[entityType(e)]; task != "" && len(e.Spans) > 0 {
			out = append(out, mention{joinSpans(e.Spans), task})
		}
	}
	slices.SortFunc(out, func(a, b mention) int {
		return cmp.Or(slices.CompareFunc(a.spans, b.spans, compareSpans), cmp.Compare(a.task, b.task))
	})
	return slices.CompactFunc(out, func(a, b mention) bool { return a.task == b.task && a.sameBorders(b) })
}

// joinSpans returns spans in order, with those joined that touch or overlap, and
// without empty ones unless all are empty: producers cut one stretch of text
// differently.
func joinSpans(spans []document.Span) []document.Span {
	if len(spans) < 2 {
		return spans
	}
	sorted := slices.SortedFunc(slices.Values(spans), compareSpans)
	out := sorted[:1]
	for _, s := range sorted[1:] {
		if last := &out[len(out)-1]; s.Start <= last.End {
			last.End = max(last.End, s.End)
		} else if s.End > s.Start {
			out = append(out, s)
		}
	}
	return out
}

func compareSpans(a, b document.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// sameBorders tells whether two mentions have the same spans.
func (m mention) sameBorders(other mention) bool { return slices.Equal(m.spans, other.spans) }

// overlaps tells whether two mentions share a code point. Both lists of spans are
// in order, so that one pass over them suffices.
func (m mention) overlaps(other mention) bool {
	a, b := m.spans, other.spans
	for len(a) > 0 && len(b) > 0 {
		if max(a[0].Start, b[0].Start) < min(a[0].End, b[0].End) {
			return true
		}
		if a[0].End < b[0].End {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return false
}

// mentionLevels returns the counts of one document by mention level and task, each
// level by the best one-to-one pairing for that level. At the exact and the partial
// level, where the type doesn't matter, a predicted mention counts for the task of
// the gold mention that it is paired with; mentions of one type are paired first,
// as far as that costs no pair.
func mentionLevels(gold, predicted *document.Document) map[string]map[string]Counts {
	g, p := mentions(gold), mentions(predicted)
	sameType := func(a, b mention) bool { return a.task == b.task }
	strict := newPairs(g, p)
	strict.extend(func(a, b mention) bool { return sameType(a, b) && a.sameBorders(b) })
	exact := strict.clone()
	exact.extend(mention.sameBorders)
	typ := newPairs(g, p)
	typ.extend(func(a, b mention) bool { return sameType(a, b) && a.overlaps(b) })
	// A best pairing at the partial level has as many pairs with equal borders as
	// there can be: where A and a have equal borders and are paired with b and B,
	// which only overlap them, the two pairs count ½ each, and A with a counts 1.
	partial := exact.rest()
	partial.extend(func(a, b mention) bool { return sameType(a, b) && a.overlaps(b) })
	partial.extend(mention.overlaps)

	out := map[string]map[string]Counts{
		MentionStrict: strict.counts(1),
		MentionExact:  exact.counts(1),
		MentionType:   typ.counts(1),
	}
	out[MentionPartial] = exact.pairedCounts()
	for task, c := range partial.counts(0.5) {
		out[MentionPartial][task] = out[MentionPartial][task].add(c)
	}
	return out
}
