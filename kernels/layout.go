package kernels

import (
	"math"
	"unsafe"

	"github.com/medner/medner/internal/kinds"
)

// Packed weights lie tile by tile of 16 rows; in a tile, step by step along K;
// in a step, row by row. K is padded with zeros. By kind, a step is
//
//	F32      1 along K, a word of 32 bits a row
//	BF16     2 along K, a word a row: the first in its low half
//	F16      1 along K, half a word a row
//	Int8     4 along K, a word a row: the first in its lowest byte
//	4 bits   8 along K, a word a row: code j in nibble 2j, code 4+j in nibble
//	         2j+1, for j < 4
//
// So of BF16 the words of a tile are
//
//	word 0                 word 1                 …   word 16
//	row 0: k=0 | k=1<<16   row 1: k=0 | k=1<<16   …   row 0: k=2 | k=3<<16
//
// Scales, where there are any, lie apart: [tile][block][row]. In kinds with zeros a
// group of blocks shares a scale and a zero: [tile][group], where a group is 16 bytes,
// the zeros of the rows, and then 16 scales, of 16 bits or of 32.

func (w *Weights) tiles() int { return (w.rows + tileRows - 1) / tileRows }

func (w *Weights) form() *kinds.Form { return w.kind.Form() }

// depth is K with its padding.
func (w *Weights) depth() int { return w.form().Depth(w.cols) }

// tileWords is the number of words of a tile.
func (w *Weights) tileWords() int { return w.depth() / 8 * w.form().Words8() }

// tileScales is the number of scales of a tile, 0 for kinds without scales and for
// kinds whose scales lie in groups.
func (w *Weights) tileScales() int {
	f := w.form()
	if !f.Scaled() || f.Zeros {
		return 0
	}
	return w.depth() / f.Block * tileRows
}

// tileRange returns the words of the tiles [lo, hi).
func (w *Weights) tileRange(lo, hi int) []uint32 {
	return w.words[lo*w.tileWords() : hi*w.tileWords()]
}

// scaleRange returns the scales of the tiles [lo, hi).
func (w *Weights) scaleRange(lo, hi int) []float32 {
	return w.scales[lo*w.tileScales() : hi*w.tileScales()]
}

// wordsAt returns the words of depth steps of K of a tile, from the step from on.
func (w *Weights) wordsAt(tile, from, depth int) []uint32 {
	words8 := w.form().Words8()
	return w.words[tile*w.tileWords()+from/8*words8:][:depth/8*words8]
}

// scalesAt returns the scales of a tile from the block of the step from on, and
// with them those of later tiles; nil if the weights have no scales.
func (w *Weights) scalesAt(tile, from int) []float32 {
	if w.scales == nil {
		return nil
	}
	return w.scales[tile*w.tileScales()+from/w.form().Block*tileRows:]
}

// groupWords is the number of words of a group.
func (g grouping) groupWords() int {
	size := 2
	if g.scale == F32 {
		size = 4
	}
	return (groupZeros + size*tileRows) / 4
}

// tileGroups is the number of words of a tile's groups, 0 for kinds without zeros.
func (w *Weights) tileGroups() int {
	if !w.form().Zeros {
		return 0
	}
	return (w.depth() + w.steps - 1) / w.steps * w.groupWords()
}

// groupRange returns the groups of the tiles [lo, hi).
func (w *Weights) groupRange(lo, hi int) []uint32 {
	return w.groups[lo*w.tileGroups() : hi*w.tileGroups()]
}

// groupAt returns the group of a tile that a step of K is in, and what follows it.
func (w *Weights) groupAt(tile, step int) []uint32 {
	return w.groups[tile*w.tileGroups()+step/w.steps*w.groupWords():]
}

// zerosOf returns the zeros of a group, one of each row.
func zerosOf(group []uint32) *[tileRows]int8 {
	return (*[tileRows]int8)(unsafe.Pointer(unsafe.SliceData(group[:groupZeros/4])))
}

// scaleOf returns the scale of a row of a group, whose scales are of a format.
func scaleOf(group []uint32, row int, scale Format) float32 {
	words := group[groupZeros/4:]
	if scale == F32 {
		return math.Float32frombits(words[row])
	}
	half := words[row/2] >> (row % 2 * 16) & 0xffff
	if scale == BF16 {
		return math.Float32frombits(half << 16)
	}
	return floatOf(uint16(half))
}

// putGroup writes the zero and the scale of a row of a group, which was zeros.
func putGroup(group []uint32, row int, zero int8, scale float32, format Format) {
	zerosOf(group)[row] = zero
	words := group[groupZeros/4:]
	switch format {
	case F32:
		words[row] = math.Float32bits(scale)
	case BF16:
		words[row/2] |= bf16Bits(scale) << (row % 2 * 16)
	case F16:
		words[row/2] |= f16Bits(scale) << (row % 2 * 16)
	}
}

// opened holds the groups of at most panelTiles tiles that a step of K is in, as
// matrixOps.group leaves them.
type opened struct {
	at     int // the first tile's group, counted over all groups of the weights
	scales [panelTiles * tileRows]float32
	zeros  [panelTiles * tileRows]float32
}

// open fills s.opened with the groups of the tiles [lo, hi), at most panelTiles, that
// a step of K is in. Those of the last call may be there already; s.opened.at = -1
// says that they aren't.
func (w *Weights) open(s *scratch, ops *matrixOps, lo, hi, step int) {
	group := step / w.steps
	o := &s.opened
	if o.at == group {
		return
	}
	o.at = group
	s.args.group = groupArgs{
		scales: o.scales[:], zeros: o.zeros[:], words: w.groupAt(lo, step), tileGroups: w.tileGroups(),
		tiles: hi - lo, scale: int(w.scale),
	}
	ops.group(&s.args.group)
}
