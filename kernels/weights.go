package kernels

import (
	"fmt"
	"math"
	"runtime"

	"github.com/medner/medner/internal/kinds"
)

// Weights is a matrix W of rows outputs by cols inputs, packed for the
// kernels. It is immutable, and safe for concurrent use.
type Weights struct {
	rows, cols int
	format     Format
	kind       kinds.Kind
	words      []uint32  // as layout.go draws them, and so are groups
	scales     []float32 // [tile][block][row]; nil for kinds without scales, and for kinds with zeros
	groups     []uint32  // [tile][group]; nil for kinds without zeros
	grouping
	code *codebook // nil for kinds without one
	tied []bool    // [tile], see ties.go; nil for kinds that don't round
}

// grouping says how groups of weights are held in kinds with zeros.
type grouping struct {
	steps int    // along K, of a group: whole blocks
	scale Format // of scales: F32, BF16 or F16
}

// codebook holds the 16 values that 4-bit codes stand for, in the forms in which
// kernels look them up.
type codebook struct {
	lookup lookup
	int8   [16]int8 // value ≈ int8·scale
	scale  float32
}

// lookup has the 16 values, and then the same by bytes: the 16 lowest bytes of
// the values in four words, then the 16 bytes above them, and so on.
type lookup = [32]float32

// newCodebook returns the codebook of 16 values.
func newCodebook(code *[16]float32) *codebook {
	c := &codebook{}
	copy(c.lookup[:], code[:])
	var planes [16]uint32
	for i, v := range code {
		for p := range 4 {
			planes[4*p+i/4] |= math.Float32bits(v) >> (8 * p) & 0xff << (i % 4 * 8)
		}
	}
	copy(c.lookup[16:], floats(planes[:]))
	c.scale = roundCodes(c.int8[:], code[:], greatest(code[:]), codeMost)
	return c
}

// look returns the table for kernels, nil if there is no codebook.
func (c *codebook) look() *lookup {
	if c == nil {
		return nil
	}
	return &c.lookup
}

// Rows returns the number of outputs.
func (w *Weights) Rows() int { return w.rows }

// Cols returns the number of inputs.
func (w *Weights) Cols() int { return w.cols }

// Format returns the format in which the weights are packed.
func (w *Weights) Format() Format { return w.format }

// Bytes returns the bytes of memory that the weights take, padding included.
func (w *Weights) Bytes() int64 {
	return 4 * (int64(len(w.words)) + int64(len(w.scales)) + int64(len(w.groups)))
}

// newWeights returns weights that are all zero.
func newWeights(k kinds.Kind, f Format, rows, cols int) (*Weights, error) {
	return newGrouped(k, f, rows, cols, grouping{})
}

// newGrouped is newWeights for kinds with zeros too.
func newGrouped(k kinds.Kind, f Format, rows, cols int, g grouping) (*Weights, error) {
	const limit = 1 << 40 // elements
	if rows <= 0 || cols <= 0 || rows > limit/cols {
		return nil, fmt.Errorf("kernels: pack a matrix of %d × %d", rows, cols)
	}
	w := &Weights{rows: rows, cols: cols, format: f, kind: k, grouping: g}
	w.words = w.allocate(w.tiles() * w.tileWords())
	switch form := k.Form(); {
	case form.Zeros:
		w.groups = w.allocate(w.tiles() * w.tileGroups())
	case form.Scaled():
		w.scales = floats(w.allocate(w.tiles() * w.tileScales()))
	}
	return w, nil
}

// allocate returns n zeroed words that live as long as w.
func (w *Weights) allocate(n int) []uint32 {
	words, release := allocate(n)
	if release != nil {
		runtime.AddCleanup(w, func(free func()) { free() }, release)
	}
	return words
}
