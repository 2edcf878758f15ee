package kernels

import "github.com/medner/medner/internal/kinds"

// vector computes the tiles [lo, hi) of the product with few tokens.
func (in *Input) vector(s *scratch, j *job, lo, hi int) {
	w, ops := j.W, in.ops
	x, xStride := in.rows()
	in.eachGroup(s, j, lo, hi, hi-lo, ops.vectorTokens, func(y []float32, yStride, lo, hi, c, n int) {
		s.args.vector = vectorArgs{y: y[c*yStride:], yStride: yStride, x: x[c*xStride:], xStride: xStride, n: n}
		w.vector(ops, &s.args.vector, lo, hi)
	})
}

// vector calls matrixOps.vector for the tiles [lo, hi); a says where x and y are.
func (w *Weights) vector(ops *matrixOps, a *vectorArgs, lo, hi int) {
	a.k, a.code = w.depth(), w.code.look()
	for lo < hi {
		tied, end := w.tiedRun(lo, hi)
		a.words, a.scales, a.tiles = w.tileRange(lo, end), w.scaleRange(lo, end), end-lo
		a.untied = 1
		if tied {
			a.untied = 0
		}
		if w.groups != nil {
			a.groups, a.tileGroups, a.group, a.scale = w.groupRange(lo, end), w.tileGroups(), w.steps, int(w.scale)
		}
		ops.vector[w.kind](a)
		if lo = end; lo < hi {
			a.y = a.y[a.tiles*tileRows:]
		}
	}
}

// eachGroup calls fn for the tiles [lo, hi), step at a time, and all tokens, n
// from c on at a time. Where tokens are more than most, so that tiles are read
// more than once, it takes fewer tiles, which stay in cache.
func (in *Input) eachGroup(s *scratch, j *job, lo, hi, step, most int, fn func(y []float32, yStride, lo, hi, c, n int)) {
	if in.n > most {
		step = in.ops.vectorTiles
	}
	for ; lo < hi; lo += step {
		j.whole(s, lo, min(lo+step, hi), in.n, func(y []float32, yStride, lo, hi int) {
			groups := cutInto(in.n, most)
			for g := range groups.count {
				fn(y, yStride, lo, hi, groups.at(g), groups.at(g+1)-groups.at(g))
			}
		})
	}
}

// whole calls fn with y of the tiles [lo, hi) of n tokens. A last tile that is
// not whole comes apart, in scratch space, so that fn may write whole tiles.
func (j *job) whole(s *scratch, lo, hi, n int, fn func(y []float32, yStride, lo, hi int)) {
	rows, y := j.W.rows, j.Y
	last := hi // the first tile that is not whole
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

// ones are the scales of weights that have none: fma(1, s, y) is y + s.
var ones = func() (v [panelTiles * tileRows]float32) {
	for i := range v {
		v[i] = 1
	}
	return v
}()

// matrix computes the tiles [lo, hi), at most panelTiles, of the product with
// all tokens.
func (in *Input) matrix(s *scratch, j *job, lo, hi int) {
	stride := (hi - lo) * tileRows
	s.acc = resize(s.acc, in.n*stride)
	clear(s.acc)
	j.W.accumulate(s, in.ops, s.acc, stride, lo, hi, &in.packed.groups, ones[:])
	j.store(s.acc, in.n, lo, hi)
}

// accumulate adds the product of the tiles [lo, hi), at most panelTiles, with
// some tokens to y, a row of yStride for each token: block by block along K,
// the weights are expanded to float32 once and meet all tokens. Blocks that have
// no scales of their own, or whose panel has them already, are multiplied by
// scales, 16 for each tile.
func (w *Weights) accumulate(s *scratch, ops *matrixOps, y []float32, yStride, lo, hi int, x *groups, scales []float32) {
	f, first := w.form(), x.at(x.from)
	s.opened.at = -1
	for from := 0; from < w.depth(); from += blockK {
		depth := min(blockK, w.depth()-from)
		panel, panelStride := w.panel(s, ops, lo, hi, from, depth)
		for at := 0; at < depth; at += f.Block {
			a := &s.args.block
			*a = blockArgs{
				yStride: yStride, panel: panel[at*tileRows:], panelStride: panelStride,
				scales: scales, k: min(f.Block, depth-at), tiles: hi - lo,
			}
			switch {
			case f.Zeros:
				w.open(s, ops, lo, hi, from+at)
				a.scales, a.scaleStride = s.opened.scales[:], tileRows
			case f.Scale == kinds.AfterSum:
				a.scales, a.scaleStride = w.scalesAt(lo, from+at), w.tileScales()
			}
			for g := x.from; g < x.to; g++ {
				numbers, n := x.group(from, g)
				a.x, a.n = numbers[at*n:], n
				a.y = y[(x.at(g)-first)*yStride:]
				ops.block(a)
			}
		}
	}
}

// panel returns depth steps of K, from the step from on, of the tiles [lo, hi)
// as float32, [tile][stride], of which [depth][16] are set.
func (w *Weights) panel(s *scratch, ops *matrixOps, lo, hi, from, depth int) (panel []float32, stride int) {
	if w.kind == kinds.F32 { // packed as a panel is
		return floats(w.tileRange(lo, hi))[from*tileRows:], w.tileWords()
	}
	s.panel = resize(s.panel, panelTiles*blockK*tileRows)
	stride = blockK * tileRows
	f := w.form()
	if f.Zeros {
		for at := 0; at < depth; at += f.Block {
			w.open(s, ops, lo, hi, from+at)
			k := min(f.Block, depth-at)
			for t := range hi - lo {
				ops.expand[w.kind](s.panel[t*stride+at*tileRows:][:k*tileRows], w.wordsAt(lo+t, from+at, k), s.opened.zeros[t*tileRows:][:tileRows], nil)
			}
		}
		return s.panel, stride
	}
	for t := range hi - lo {
		ops.expand[w.kind](s.panel[t*stride:][:depth*tileRows], w.wordsAt(lo+t, from, depth), w.scalesAt(lo+t, from), w.code.look())
	}
	return s.panel, stride
}

// store copies the tiles [lo, hi) of n tokens to Y.
func (j *job) store(acc []float32, n, lo, hi int) {
	w, stride := j.W, (hi-lo)*tileRows
	rows := min(stride, w.rows-lo*tileRows)
	for c := range n {
		copy(j.Y[c*w.rows+lo*tileRows:][:rows], acc[c*stride:])
	}
}
