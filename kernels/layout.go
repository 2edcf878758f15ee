package kernels

import "github.com/medner/medner/internal/kinds"

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
// Scales, where there are any, lie apart: [tile][block][row].

func (w *Weights) tiles() int { return (w.rows + tileRows - 1) / tileRows }

func (w *Weights) form() *kinds.Form { return w.kind.Form() }

// depth is K with its padding.
func (w *Weights) depth() int { return w.form().Depth(w.cols) }

// tileWords is the number of words of a tile.
func (w *Weights) tileWords() int { return w.depth() / 8 * w.form().Words8() }

// tileScales is the number of scales of a tile, 0 for kinds without scales.
func (w *Weights) tileScales() int {
	f := w.form()
	if !f.Scaled() {
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
