package eval

import (
	"sort"

	"github.com/medner/medner/ner/document"
)

// mentions returns d's grounded mentions, each key once.
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
	gold, predicted int
	borders, typ    bool
	overlap         int
}

// align pairs mentions one to one: first those that agree in borders and type,
// then in borders, then by type and the longest overlap.
func align(gold, predicted []*document.Entity) []pairing {
	var all []pairing
	for i, g := range gold {
		for j, p := range predicted {
			n := overlap(g.Spans, p.Spans)
			if n == 0 {
				continue
			}
			all = append(all, pairing{i, j, sameSpans(g.Spans, p.Spans), entityType(g) == entityType(p), n})
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
	goldTaken, predictedTaken := make([]bool, len(gold)), make([]bool, len(predicted))
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

func sameSpans(a, b []document.Span) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// mentionLevels counts one document at the four mention levels. Where the type
// doesn't matter, exact and partial, a predicted mention counts for the task of
// the gold mention that it is paired with.
func mentionLevels(gold, predicted *document.Document) map[string]map[string]Counts {
	g, p := mentions(gold), mentions(predicted)
	out := map[string]map[string]Counts{}
	levels := []string{MentionStrict, MentionExact, MentionPartial, MentionType}
	for _, l := range levels {
		out[l] = map[string]Counts{}
	}
	add := func(level, task string, c Counts) { out[level][task] = out[level][task].Add(c) }
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
