package ner

import (
	"slices"
	"sync/atomic"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/ground"
)

// maxRepeats is the number of lines in a row, all written before, after which
// an answer is ended. Greedy decoding without a penalty runs into such loops in
// about one answer of eighteen, and would fill what room it has; of the
// answers that got out by themselves, none had repeated so many lines.
const maxRepeats = 5

// maxFree bounds the bytes of a line that is written freely.
const maxFree = 256

// guard is a constraint that ends an answer which only repeats itself, or
// after one line, and otherwise leaves the choice to another constraint, or
// free.
type guard struct {
	inner   model.Constraint // nil: none
	bytes   func(id int32) []byte
	stop    []uint64     // the bitmap of the stop ids
	newline []uint64     // of that which ends a line
	line    bool         // the answer ends where its line does
	free    bool         // nothing limits the line
	vain    *atomic.Bool // what is being written will be written anew
	ended   bool         // it did
	written []byte       // since the last end of line
	lines   []string     // the lines written, folded, each once
	repeats int          // lines in a row that had been written before
}

func newGuard(inner model.Constraint, bytes func(id int32) []byte, p probes) *guard {
	g := &guard{inner: inner, bytes: bytes, stop: bitmap(p.ids[:p.stops]), vain: new(atomic.Bool)}
	if p.line >= 0 {
		g.newline = bitmap(p.ids[p.line : p.line+1])
	}
	return g
}

func bitmap(ids []int32) []uint64 {
	var b []uint64
	for _, id := range ids {
		for int(id/64) >= len(b) {
			b = append(b, 0)
		}
		b[id/64] |= 1 << (id % 64)
	}
	return b
}

func (g *guard) looping() bool { return g.repeats >= maxRepeats }

func (g *guard) Allowed() []uint64 {
	switch {
	case g.looping(), g.ended, g.vain.Load():
		return g.stop
	case g.free && len(g.written) < maxFree:
		return nil
	case g.free:
		return g.newline
	case g.inner != nil:
		return g.inner.Allowed()
	}
	return nil
}

func (g *guard) Accept(id int32) {
	if g.inner != nil {
		g.inner.Accept(id)
	}
	for _, b := range g.bytes(id) {
		if b != '\n' {
			g.written = append(g.written, b)
			continue
		}
		g.ended, g.free = g.line, false
		line := ground.Fold(string(g.written))
		g.written = g.written[:0]
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

func (g *guard) Fork() model.Constraint {
	f := *g
	if g.inner != nil {
		f.inner = g.inner.Fork()
	}
	f.written = slices.Clone(g.written)
	f.lines = slices.Clip(g.lines) // the copy grows elsewhere
	return &f
}
