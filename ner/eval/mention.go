package eval

import (
	"slices"
	"sort"

	"github.com/medner/medner/ner/document"
)

// mentions returns the mentions of d that have a place and a type with a task;
// the first of those with the same key only.
func mentions(d *document.Document) []*document.Entity {
	var out []*document.Entity
	seen := map[string]bool{}
	for i := range d.Entities {
		e := &d.Entities[i]
		if len(e.Spans) == 0 || taskOfType[entityType(e)] == "" || seen[mentionKey(e)] {
			continue
		}
		seen[mentionKey(e)] = true
		out = append(out, e)
	}
	return out
}

// pairing is a gold and a predicted mention that overlap.
type pairing struct {
	gold, predicted int  // indices
	borders, typ    bool // both have the same spans, the same type
	overlap         int  // code points
}

// align pairs gold and predicted mentions one to one: first those with the same
// borders and type, then those with the same borders, then those with the same
// type, and then others, longer overlaps before shorter ones.
func align(gold, predicted []*document.Entity) []pairing {
	var all []pairing
	for i, g := range gold {
		for j, p := range predicted {
			n := overlap(g.Spans, p.Spans)
			if n == 0 {
				continue
			}
			all = append(all, pairing{
				gold:      i,
				predicted: j,
				borders:   slices.Equal(g.Spans, p.Spans),
				typ:       entityType(g) == entityType(p),
				overlap:   n,
			})
		}
	}
	sort.SliceStable(all, func(a, b int) bool {
		x, y := all[a], all[b]
		switch {
		case x.borders != y.borders:
			return x.borders
		case x.typ != y.typ:
			return x.typ
		}
		return x.overlap > y.overlap
	})
	goldTaken := make([]bool, len(gold))
	predictedTaken := make([]bool, len(predicted))
	var out []pairing
	for _, p := range all {
		if goldTaken[p.gold] || predictedTaken[p.predicted] {
			continue
		}
		goldTaken[p.gold], predictedTaken[p.predicted] = true, true
		out = append(out, p)
	}
	return out
}

// overlap returns how many code points lie in spans of both.
func overlap(a, b []document.Span) int {
	n := 0
	for _, x := range a {
		for _, y := range b {
			if lo, hi := max(x.Start, y.Start), min(x.End, y.End); hi > lo {
				n += hi - lo
			}
		}
	}
	return n
}

// mentionLevels returns the counts of one document by mention level and task. At
// the exact and the partial level, where the type doesn't matter, a predicted
// mention counts for the task of the gold mention that it is paired with.
func mentionLevels(gold, predicted *document.Document) map[string]map[string]Counts {
	g, p := mentions(gold), mentions(predicted)
	out := map[string]map[string]Counts{}
	levels := []string{MentionStrict, MentionExact, MentionPartial, MentionType}
	for _, l := range levels {
		out[l] = map[string]Counts{}
	}
	add := func(level, task string, c Counts) { out[level][task] = out[level][task].add(c) }
	for _, e := range g {
		for _, l := range levels {
			add(l, taskOfType[entityType(e)], Counts{Gold: 1})
		}
	}
	for _, e := range p {
		for _, l := range levels {
			add(l, taskOfType[entityType(e)], Counts{Predicted: 1})
		}
	}
	for _, a := range align(g, p) {
		task := taskOfType[entityType(g[a.gold])]
		for _, l := range []string{MentionExact, MentionPartial} {
			add(l, taskOfType[entityType(p[a.predicted])], Counts{Predicted: -1})
			add(l, task, Counts{Predicted: 1})
		}
		if a.borders && a.typ {
			add(MentionStrict, task, Counts{TP: 1})
		}
		if a.borders {
			add(MentionExact, task, Counts{TP: 1})
			add(MentionPartial, task, Counts{TP: 1})
		} else {
			add(MentionPartial, task, Counts{TP: 0.5})
		}
		if a.typ {
			add(MentionType, task, Counts{TP: 1})
		}
	}
	return out
}
