package ner

import (
	"slices"
	"sync/atomic"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/ground"
)

// maxRepeats is the number of lines in a row, all written before, after which
// an answer is ended. Greedy decoding without a penalty runs into such loops in
// about one answer of eighteen, and would write them up to its limit of tokens;
// of the answers that got out of a loop by themselves, none had repeated so many
// lines.
const maxRepeats = 5

// maxUnmasked bounds the bytes of a line that is written without the mask.
const maxUnmasked = 256

// guard is a constraint around another, the mask, which may be missing. It ends
// an answer that only repeats itself, one that has written the one line that was
// wanted, and one that was told to stop; and it takes the mask off one line.
type guard struct {
	mask    model.Constraint // nil: none
	bytes   func(id int32) []byte
	stop    []uint64 // the bitmap of the ids that end an answer
	newline []uint64 // the bitmap of the id that ends a line; nil: the vocabulary has none
	oneLine bool     // the answer ends where its line does
	done    bool     // the end of that line has been written
	// unmasked is set while the current line is written without the mask, and
	// cleared at its end.
	unmasked bool
	// stopped is set from the goroutine that receives tokens when the rest of
	// the answer is of no use; the forks of a guard share it.
	stopped *atomic.Bool
	line    []byte   // what has been written since the last end of line
	lines   []string // the lines written, folded, each once
	repeats int      // lines in a row that had been written before
}

func newGuard(mask model.Constraint, bytes func(id int32) []byte, p probes) *guard {
	g := &guard{mask: mask, bytes: bytes, stop: bitmap(p.ids[:p.stops]), stopped: new(atomic.Bool)}
	if p.line >= 0 {
		g.newline = bitmap(p.ids[p.line : p.line+1])
	}
	return g
}

// bitmap returns the set of ids as the bits of words.
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

// looping reports whether the answer only repeats itself.
func (g *guard) looping() bool { return g.repeats >= maxRepeats }

// Allowed implements model.Constraint.
func (g *guard) Allowed() []uint64 {
	switch {
	case g.looping(), g.done, g.stopped.Load():
		return g.stop
	case g.unmasked && len(g.line) < maxUnmasked:
		return nil
	case g.unmasked:
		return g.newline
	case g.mask != nil:
		return g.mask.Allowed()
	}
	return nil
}

// Accept implements model.Constraint.
func (g *guard) Accept(id int32) {
	if g.mask != nil {
		g.mask.Accept(id)
	}
	for _, b := range g.bytes(id) {
		if b == '\n' {
			g.endLine()
		} else {
			g.line = append(g.line, b)
		}
	}
}

// endLine counts the current line, and begins the next one.
func (g *guard) endLine() {
	g.done, g.unmasked = g.oneLine, false
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

// Fork implements model.Constraint.
func (g *guard) Fork() model.Constraint {
	f := *g
	if g.mask != nil {
		f.mask = g.mask.Fork()
	}
	f.line = slices.Clone(g.line)
	f.lines = slices.Clip(g.lines) // so that the fork appends to an array of its own
	return &f
}
