package kernels

import (
	"fmt"
	"runtime"
)

// job is what the shares of work of an Input do.
type job struct {
	what task
	w    *Weights
	y    []float32
	ops  *matrixOps
}

type task uint8

const (
	packing task = iota
	quantising
	packingCodes
	vectorProduct
	matrixProduct
	fastVectorProduct
	fastMatrixProduct
)

// MatMul sets y = x Wᵀ: y is [n][rows of W] for an input of n rows as long as
// those of W. Its bits depend on W and on the row of x alone:
//
//	weights of 4 bits (not rounded), int8   per block of 64 (int8: 32) along K
//	                                        s = Σ fma(code, x, s), k ascending;
//	                                        then y = fma(scale, s, y)
//	all others                              per 64 along K the same s of w·x;
//	                                        then y = y + s
//
// and with in.Fast, for weights of 4 bits and of int8, per such block
//
//	y = fma(scale·scale of x, Σ code·code of x, y)
func (w *Weights) MatMul(p *Pool, y []float32, in *Input) {
	if in.k != w.cols || len(y) != in.n*w.rows {
		panic(fmt.Sprintf("kernels: product of %d × %d weights and an input of %d × %d into %d values",
			w.rows, w.cols, in.n, in.k, len(y)))
	}
	if in.n == 0 {
		return
	}
	ops := current().matrix
	j := job{w: w, y: y, ops: ops}
	grain := ops.vectorTiles
	switch fast := in.Fast && w.integer(); {
	case fast && in.n == 1:
		j.what = fastVectorProduct
		in.quantise(p, w)
	case fast:
		j.what = fastMatrixProduct
		in.quantise(p, w)
		in.packCodes(p, w, ops)
		grain = panelTiles
	case in.n <= ops.fused[w.kind]:
		j.what = vectorProduct
		in.rows()
	default:
		j.what = matrixProduct
		in.pack(p, ops.columns)
		grain = panelTiles
	}
	// Small matrices are cut finer, so that every thread has its part.
	for grain > 1 && w.tiles() < 2*grain*p.Threads() {
		grain /= 2
	}
	in.share(p, j, w.tiles(), grain)
	runtime.KeepAlive(w)
}

// run is one share of the job.
func (in *Input) run(lo, hi int) {
	j := in.job
	switch j.what {
	case packing:
		in.packBlocks(lo, hi)
		return
	case quantising:
		in.quantiseRows(lo, hi)
		return
	case packingCodes:
		in.packCodeBlocks(lo, hi)
		return
	}
	s := scratches.Get().(*scratch)
	switch j.what {
	case vectorProduct:
		in.vector(s, lo, hi)
	case fastVectorProduct:
		in.fastVector(s, lo, hi)
	case matrixProduct:
		for ; lo < hi; lo += panelTiles {
			in.matrix(s, lo, min(lo+panelTiles, hi))
		}
	case fastMatrixProduct:
		for ; lo < hi; lo += panelTiles {
			in.fastMatrix(s, lo, min(lo+panelTiles, hi))
		}
	}
	scratches.Put(s)
}

// panelTiles is the number of tiles whose weights are expanded together: 64
// rows by 64 along K as float32 are 16 KiB, half of a first-level cache.
const panelTiles = 4

// vector computes the tiles [lo, hi) of the product with few rows: group by
// group of columns, while the tiles stay in cache.
func (in *Input) vector(s *scratch, lo, hi int) {
	w, ops := in.job.w, in.job.ops
	x, reach := in.rows()
	step := hi - lo
	if in.n > ops.vectorColumns {
		step = min(step, ops.vectorTiles)
	}
	for ; lo < hi; lo += step {
		in.whole(s, lo, min(lo+step, hi), in.n, func(y []float32, stride, lo, hi int) {
			groups(in.n, ops.vectorColumns, func(column, size int) {
				ops.vector[w.kind](y[column*stride:], stride, w.tileRange(lo, hi), w.scaleRange(lo, hi),
					x[column*reach:], reach, size, w.depth(), hi-lo, w.code.look())
			})
		})
	}
}

// whole calls fn on the tiles [lo, hi) of n columns of y, if need be on the
// last tile apart, so that fn may write whole tiles.
func (in *Input) whole(s *scratch, lo, hi, n int, fn func(y []float32, stride, lo, hi int)) {
	rows, y, last := in.job.w.rows, in.job.y, hi
	if hi*tileRows > rows {
		last--
	}
	if lo < last {
		fn(y[lo*tileRows:], rows, lo, last)
	}
	if last < hi {
		s.acc = resize(s.acc, n*tileRows)
		fn(s.acc, tileRows, last, hi)
		for c := range n {
			copy(y[c*rows+last*tileRows:(c+1)*rows], s.acc[c*tileRows:])
		}
	}
}

// tileRange is the words of the tiles [lo, hi).
func (w *Weights) tileRange(lo, hi int) []uint32 {
	return w.words[lo*w.tileWords() : hi*w.tileWords()]
}

// scaleRange is the scales of the tiles [lo, hi).
func (w *Weights) scaleRange(lo, hi int) []float32 {
	return w.scales[lo*w.tileScales() : hi*w.tileScales()]
}

// ones are the scales of weights that have none: fma(1, s, y) is y + s.
var ones = func() (v [panelTiles * tileRows]float32) {
	for i := range v {
		v[i] = 1
	}
	return v
}()

// matrix computes the tiles [lo, hi), at most panelTiles, of the product with
// all rows of x: block by block along K, the weights are expanded to float32
// once and meet all columns.
func (in *Input) matrix(s *scratch, lo, hi int) {
	w, ops := in.job.w, in.job.ops
	l, n, tiles := layouts[w.kind], in.n, hi-lo
	stride := tiles * tileRows
	s.acc = resize(s.acc, n*stride)
	acc := s.acc
	clear(acc)
	expand := ops.expand[w.kind]
	for from := 0; from < w.depth(); from += blockK {
		depth := min(blockK, w.depth()-from)
		panel, reach := s.panel, blockK*tileRows
		if w.kind == kindF32 { // packed as a panel is
			panel, reach = floats(w.tileRange(lo, hi))[from*tileRows:], w.tileWords()
		} else {
			s.panel = resize(s.panel, panelTiles*blockK*tileRows)
			panel = s.panel
			for t := range tiles {
				expand(panel[t*reach:][:depth*tileRows], w.wordsAt(lo+t, from, depth), w.scalesAt(lo+t, from), w.code.look())
			}
		}
		x := in.packed.x[from*n:]
		for at := 0; at < depth; at += l.block {
			scales, scaleReach := ones[:], 0
			if w.kind == kind4 || w.kind == kindInt8 {
				scales, scaleReach = w.scalesAt(lo, from+at), w.tileScales()
			}
			k := min(l.block, depth-at)
			groups(n, in.packed.columns, func(column, size int) {
				ops.block(acc[column*stride:], stride, panel[at*tileRows:], reach,
					x[column*blockK+at*size:], scales, scaleReach, k, size, tiles)
			})
		}
	}
	in.store(acc, lo, hi)
}

// wordsAt is the words of depth steps of K of a tile.
func (w *Weights) wordsAt(tile, from, depth int) []uint32 {
	eighth := layouts[w.kind].eighth
	return w.words[tile*w.tileWords()+from/8*eighth:][:depth/8*eighth]
}

// scalesAt is the scales of a tile from the block of from on, and on to those
// of later tiles; nil of none.
func (w *Weights) scalesAt(tile, from int) []float32 {
	if w.scales == nil {
		return nil
	}
	return w.scales[tile*w.tileScales()+from/layouts[w.kind].block*tileRows:]
}

// store copies the tiles [lo, hi) of all columns to y.
func (in *Input) store(acc []float32, lo, hi int) {
	w, stride := in.job.w, (hi-lo)*tileRows
	rows := min(stride, w.rows-lo*tileRows)
	for c := range in.n {
		copy(in.job.y[c*w.rows+lo*tileRows:][:rows], acc[c*stride:])
	}
}
