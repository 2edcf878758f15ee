package ner

import (
	"slices"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/ground"
)

// maxRepeats is the number of lines in a row, all written before, after which
// an answer is ended. Greedy decoding without a penalty runs into such loops in
// about one answer of twenty-five, and would fill what room it has; of the
// answers that got out by themselves, none had repeated so many lines.
const maxRepeats = 5

// loopGuard is a constraint that ends an answer which only repeats itself, and
// otherwise leaves the choice to another constraint, or free.
type loopGuard struct {
	inner   model.Constraint // nil: none
	bytes   func(id int32) []byte
	stop    []uint64 // the bitmap of the stop ids
	line    []byte   // what was written since the last end of line
	lines   []string // the lines written, folded, each once
	repeats int      // lines in a row that had been written before
}

func newLoopGuard(inner model.Constraint, bytes func(id int32) []byte, stop []int32) *loopGuard {
	g := &loopGuard{inner: inner, bytes: bytes}
	for _, id := range stop {
		for int(id/64) >= len(g.stop) {
			g.stop = append(g.stop, 0)
		}
		g.stop[id/64] |= 1 << (id % 64)
	}
	return g
}

func (g *loopGuard) looping() bool { return g.repeats >= maxRepeats }

func (g *loopGuard) Allowed() []uint64 {
	switch {
	case g.looping():
		return g.stop
	case g.inner != nil:
		return g.inner.Allowed()
	}
	return nil
}

func (g *loopGuard) Accept(id int32) {
	if g.inner != nil {
		g.inner.Accept(id)
	}
	for _, b := range g.bytes(id) {
		if b != '\n' {
			g.line = append(g.line, b)
			continue
		}
		line := ground.Fold(string(g.line))
		g.line = g.line[:0]
		switch {
		case line == "":
		case slices.Contains(g.lines, line):
			g.repeats++
		default:
			g.lines = append(g.lines, line)
			g.repeats = 0
		}
	}
}

func (g *loopGuard) Fork() model.Constraint {
	f := *g
	if g.inner != nil {
		f.inner = g.inner.Fork()
	}
	f.line = slices.Clone(g.line)
	f.lines = slices.Clip(g.lines) // the copy grows elsewhere
	return &f
}
