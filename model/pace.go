package model

import (
	"slices"
	"time"
)

// pace learns what a step costs by the number of its rows. A step reads the
// weights whatever its rows are, then computes for each: cost grows, but less
// than in proportion, and with jumps where the kernels' tiles end.
type pace struct {
	points []pacePoint // by rows
}

type pacePoint struct {
	rows    int
	seconds float64
}

// Widths up to exactWidths are measured one by one, wider ones in classes.
const (
	exactWidths = 64
	widthClass  = 32
)

// observe notes that a step of so many rows took d.
func (p *pace) observe(rows int, d time.Duration) {
	if rows > exactWidths {
		rows = (rows + widthClass - 1) / widthClass * widthClass
	}
	i, found := slices.BinarySearchFunc(p.points, rows, func(q pacePoint, rows int) int { return q.rows - rows })
	if !found {
		p.points = slices.Insert(p.points, i, pacePoint{rows, d.Seconds()})
		return
	}
	q := &p.points[i]
	if s := d.Seconds(); s < q.seconds {
		q.seconds += 0.5 * (s - q.seconds) // other work on the machine only ever adds
	} else {
		q.seconds += 0.1 * (s - q.seconds)
	}
}

// freeRows is how many rows are taken to cost as much as reading the weights,
// as long as only one width was measured.
const freeRows = 8

// cost estimates the seconds of a step of so many rows: as measured, or
// between its neighbours, and never more than a wider one took.
func (p *pace) cost(rows int) float64 {
	if len(p.points) == 0 {
		return float64(freeRows + rows)
	}
	i, found := slices.BinarySearchFunc(p.points, rows, func(q pacePoint, rows int) int { return q.rows - rows })
	var c float64
	switch {
	case found:
		c = p.points[i].seconds
	case i == 0:
		q := p.points[0]
		c = q.seconds * float64(freeRows+rows) / float64(freeRows+q.rows)
	case i == len(p.points):
		q := p.points[i-1]
		c = q.seconds * float64(freeRows+rows) / float64(freeRows+q.rows)
	default:
		a, b := p.points[i-1], p.points[i]
		c = a.seconds + (b.seconds-a.seconds)*float64(rows-a.rows)/float64(b.rows-a.rows)
	}
	for _, q := range p.points[min(i, len(p.points)):] {
		c = min(c, q.seconds)
	}
	return c
}

// proposal is what one sequence could have verified in the next step.
type proposal struct {
	guesses []int32
	first   float64 // the chance that the first guess holds
	next    float64 // and that a further one does, where the one before held
	take    int     // how many of them are taken
	tried   int     // of choose's search
	chance  float64 // that the next guess and all before it hold
}

// choose decides how many guesses of each proposal a step should verify,
// beside rows that are needed anyway: as many as make the expected number of
// useful rows a second largest. Guesses join in the order of their chances, so
// that each proposal gives a prefix.
func (p *pace) choose(rows int, proposals []proposal) {
	for i := range proposals {
		q := &proposals[i]
		q.take, q.tried, q.chance = 0, 0, q.first
	}
	useful := float64(rows)
	best := useful / p.cost(rows)
	for width := rows + 1; ; width++ {
		var pick *proposal
		for i := range proposals {
			q := &proposals[i]
			if q.tried < len(q.guesses) && (pick == nil || q.chance > pick.chance) {
				pick = q
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
			for i := range proposals {
				proposals[i].take = proposals[i].tried
			}
		}
	}
}
