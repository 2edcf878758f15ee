package model

import (
	"math"
	"slices"
	"time"
)

// pace learns how long a step takes by the number of its rows, its width. A step
// reads the weights whatever its width, then computes for each row: the time
// grows with the width, but less than in proportion, and with jumps where the
// kernels' tiles end.
type pace struct {
	steps  int         // observed so far
	points []pacePoint // ascending in rows
}

// pacePoint holds how long steps of one width took.
type pacePoint struct {
	rows    int
	seconds float64 // an average in which later steps count more
	times   int     // how many steps were observed
	last    int     // pace.steps when the last one was
}

// Widths up to exactWidths are measured one by one. Wider ones are rounded up to
// a multiple of widthClass.
const (
	exactWidths = 64
	widthClass  = 32
)

// A width is believed after believedAfter observations, of which the first may
// have met cold memory, and forgotten after believedFor steps without one. A
// width that once met a slow spell of the machine would otherwise look too slow
// to be tried ever again.
const (
	believedAfter = 3
	believedFor   = 1000 // steps
)

// find returns the index of the point of a width, or where it belongs.
func (p *pace) find(rows int) (int, bool) {
	return slices.BinarySearchFunc(p.points, rows, func(q pacePoint, rows int) int { return q.rows - rows })
}

// observe notes that a step of a number of rows took d.
func (p *pace) observe(rows int, d time.Duration) {
	if rows > exactWidths {
		rows = (rows + widthClass - 1) / widthClass * widthClass
	}
	p.steps++
	i, found := p.find(rows)
	if !found {
		p.points = slices.Insert(p.points, i, pacePoint{rows: rows})
	}
	q := &p.points[i]
	if p.steps-q.last > believedFor {
		q.times = 0
	}
	q.times++
	q.last = p.steps
	switch s := d.Seconds(); {
	case q.times == 1:
		q.seconds = s
	case s < q.seconds: // other work on the machine only ever adds
		q.seconds += 0.5 * (s - q.seconds)
	default:
		q.seconds += 0.1 * (s - q.seconds)
	}
}

// freeRows is how many rows are assumed to cost as much as reading the weights
// does. Outside the measured widths, cost is in proportion to freeRows + rows.
const freeRows = 8

// cost estimates the seconds of a step of a number of rows: what was measured,
// or a straight line between the nearest measured widths, and never more than a
// wider step took. Before anything is measured the unit is not seconds.
func (p *pace) cost(rows int) float64 {
	var below, above *pacePoint
	least := math.Inf(1) // of this width and wider ones
	for i := range p.points {
		q := &p.points[i]
		switch {
		case q.times < believedAfter || p.steps-q.last > believedFor:
		case q.rows < rows:
			below = q
		default:
			if above == nil {
				above = q
			}
			least = min(least, q.seconds)
		}
	}
	beyond := func(q *pacePoint) float64 {
		return q.seconds * float64(freeRows+rows) / float64(freeRows+q.rows)
	}
	switch {
	case below == nil && above == nil:
		return float64(freeRows + rows)
	case below == nil:
		return min(beyond(above), least)
	case above == nil:
		return beyond(below)
	}
	share := float64(rows-below.rows) / float64(above.rows-below.rows)
	return min(below.seconds+share*(above.seconds-below.seconds), least)
}

// draft holds the ids that one sequence could have verified in the next step.
type draft struct {
	ids   []int32
	first float64 // the chance that the first id is accepted
	next  float64 // the chance that a further id is, where the one before was
	take  int     // set by choose: how many ids the step verifies

	// The state of the search in choose.
	tried  int     // ids considered so far
	chance float64 // the chance that the id after them, and all before it, are accepted
}

// choose decides how many ids of each draft a step verifies beside rows that it
// has in any case: as many as make the expected number of useful rows a second
// largest. Ids are considered in the order of their chances, so that each draft
// gives a prefix.
func (p *pace) choose(rows int, drafts []draft) {
	for i := range drafts {
		d := &drafts[i]
		d.take, d.tried, d.chance = 0, 0, d.first
	}
	useful := float64(rows)
	best := useful / p.cost(rows)
	for width := rows + 1; ; width++ {
		var pick *draft
		for i := range drafts {
			d := &drafts[i]
			if d.tried < len(d.ids) && (pick == nil || d.chance > pick.chance) {
				pick = d
			}
		}
		if pick == nil {
			return
		}
		useful += pick.chance
		pick.tried++
		pick.chance *= pick.next
		if rate := useful / p.cost(width); rate > best {
			best = rate
			for i := range drafts {
				drafts[i].take = drafts[i].tried
			}
		}
	}
}
