package kernels

import (
	"fmt"

	"github.com/medner/medner/internal/kinds"
)

// Product is x Wᵀ of an input x and weights W, to be written to Y, and what an
// adapter makes of it.
type Product struct {
	W   *Weights // nil: Y holds the product already
	Y   []float32
	Low *LowRank // nil: none
}

func (p *Product) outputs() int {
	if p.W == nil {
		return p.Low.B.rows
	}
	return p.W.rows
}

// job is a product with the way in which it is computed.
type job struct {
	Product
	how    task
	first  int       // its first tile in the numbering of all jobs of a run
	hidden []float32 // A x of Low, of n columns
	depth  int       // numbers of a column there
}

func (j *job) tiles() int { return (j.outputs() + tileRows - 1) / tileRows }

type task uint8

const (
	products task = iota
	packing
	quantising
	scaling
	vectorProduct
	matrixProduct
	fastVectorProduct
	fastMatrixProduct
	noProduct
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
//
// and at last, for each outlier of x, k ascending, y = fma(scale·code, x, y).
func (w *Weights) MatMul(p *Pool, y []float32, in *Input) { in.MatMul(p, Product{W: w, Y: y}) }

// MatMul makes products of one input, as [Weights.MatMul] makes each, and
// shares them out together: threads meet once for all.
func (in *Input) MatMul(p *Pool, products ...Product) {
	if in.n == 0 {
		return
	}
	in.ops = current().matrix
	for _, product := range products {
		outputs := product.outputs()
		if w := product.W; w != nil && in.k != w.cols || len(product.Y) != in.n*outputs {
			panic(fmt.Sprintf("kernels: product of %d weights and an input of %d × %d into %d values",
				outputs, in.n, in.k, len(product.Y)))
		}
		if product.Low != nil {
			product.Low.check(in.k, outputs)
		}
		in.add(p, product)
	}
	in.multiply(p)
}

// add prepares the input for a product.
func (in *Input) add(p *Pool, product Product) {
	w, j := product.W, job{Product: product}
	if product.Low != nil && in.n <= in.ops.vectorColumns {
		in.rows() // A needs them
	}
	switch {
	case w == nil:
		j.how = noProduct
	case in.Fast && w.integer():
		if in.codes.ready && !in.codes.serves(w) {
			in.multiply(p) // what the codes were made for, before they change
		}
		in.quantise(p, w)
		j.how = fastVectorProduct
		if in.n > in.ops.fastFew {
			j.how = fastMatrixProduct
		}
	case in.n <= in.ops.vectorFew[w.kind]:
		j.how = vectorProduct
		in.rows()
	default:
		j.how = matrixProduct
		in.pack(p, in.ops.columns)
	}
	in.jobs = append(in.jobs, j)
}

// fewProducts is how many multiplications don't pay for a meeting of threads.
const fewProducts = 1 << 15

// multiply computes the jobs.
func (in *Input) multiply(p *Pool) {
	if len(in.jobs) == 0 {
		return
	}
	grain := in.ops.vectorTiles
	for i := range in.jobs {
		if how := in.jobs[i].how; how == matrixProduct || how == fastMatrixProduct {
			grain = 1 // tiles take long: the last should end at about the same time
		}
	}
	in.layHidden()
	tiles, work := in.low.units, 0
	for i := range in.jobs {
		j := &in.jobs[i]
		j.first = roundUp(tiles, grain)
		tiles = j.first + j.tiles()
		if j.W != nil {
			work += j.W.rows * in.k * in.n
		}
		if j.Low != nil {
			work += j.Low.A.rows * (in.k + j.outputs()) * in.n
		}
	}
	// Small matrices are cut finer, so that every thread has its part, but
	// the smallest are not cut at all.
	for grain > 1 && tiles < 2*grain*p.Threads() {
		grain /= 2
	}
	if work <= fewProducts {
		grain = tiles
	}
	in.share(p, products, tiles, grain)
	clear(in.jobs)
	in.jobs = in.jobs[:0]
}

// run is one share of the work at hand.
func (in *Input) run(lo, hi int) {
	switch in.task {
	case packing:
		in.packGroups(&in.packed.columns, lo, hi)
		return
	case quantising:
		in.quantiseRows(lo, hi)
		return
	case scaling:
		in.scaleBlocks(lo, hi)
		return
	}
	s := scratches.Get().(*scratch)
	if lo < in.low.units {
		in.lower(s, lo, min(hi, in.low.units))
	}
	for i := range in.jobs {
		j := &in.jobs[i]
		from, to := max(lo-j.first, 0), min(hi-j.first, j.tiles())
		step := to - from
		if j.how == matrixProduct || j.how == fastMatrixProduct {
			step = panelTiles
		}
		for ; from < to; from += step {
			in.tiles(s, j, from, min(from+step, to))
		}
	}
	scratches.Put(s)
}

// tiles computes the tiles [lo, hi) of a job.
func (in *Input) tiles(s *scratch, j *job, lo, hi int) {
	switch j.how {
	case vectorProduct:
		in.vector(s, j, lo, hi)
	case fastVectorProduct:
		in.fastVector(s, j, lo, hi)
	case matrixProduct:
		in.matrix(s, j, lo, hi)
	case fastMatrixProduct:
		in.fastMatrix(s, j, lo, hi)
	}
	if j.Low != nil {
		in.low.await()
		in.addLow(s, j, lo, hi)
	}
}

// panelTiles is the number of tiles whose weights are expanded together: 64
// rows by 64 along K as float32 are 16 KiB, half of a first-level cache.
const panelTiles = 4

// vector computes the tiles [lo, hi) of the product with few rows.
func (in *Input) vector(s *scratch, j *job, lo, hi int) {
	w, ops := j.W, in.ops
	x, reach := in.rows()
	in.eachGroup(s, j, lo, hi, hi-lo, ops.vectorColumns, func(y []float32, stride, lo, hi, c, n int) {
		ops.vector[w.kind](y[c*stride:], stride, w.tileRange(lo, hi), w.scaleRange(lo, hi), x[c*reach:], reach, n, w.depth(), hi-lo, w.code.look())
	})
}

// eachGroup calls fn for the tiles [lo, hi), step at a time, of all columns, n
// from c on at a time: if they are more than most, with fewer tiles, which stay
// in cache.
func (in *Input) eachGroup(s *scratch, j *job, lo, hi, step, most int, fn func(y []float32, stride, lo, hi, c, n int)) {
	if in.n > most {
		step = in.ops.vectorTiles
	}
	for ; lo < hi; lo += step {
		j.whole(s, lo, min(lo+step, hi), in.n, func(y []float32, stride, lo, hi int) {
			groups(in.n, most, func(c, n int) { fn(y, stride, lo, hi, c, n) })
		})
	}
}

// whole calls fn on the tiles [lo, hi) of n columns of y, if need be on the
// last tile apart, so that fn may write whole tiles.
func (j *job) whole(s *scratch, lo, hi, n int, fn func(y []float32, stride, lo, hi int)) {
	rows, y, last := j.W.rows, j.Y, hi
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
// all rows of x.
func (in *Input) matrix(s *scratch, j *job, lo, hi int) {
	stride := (hi - lo) * tileRows
	s.acc = resize(s.acc, in.n*stride)
	clear(s.acc)
	j.W.accumulate(s, in.ops, s.acc, stride, lo, hi, &in.packed.columns, ones[:])
	j.store(s.acc, in.n, lo, hi)
}

// accumulate adds the product of the tiles [lo, hi), at most panelTiles, with
// some columns to acc, a row of a stride for each column: block by block along
// K, the weights are expanded to float32 once and meet all columns. Scales are
// those of weights that have none.
func (w *Weights) accumulate(s *scratch, ops *matrixOps, acc []float32, stride, lo, hi int, x *columns, scales []float32) {
	l, tiles, first := w.form(), hi-lo, x.at(x.from)
	expand := ops.expand[w.kind]
	for from := 0; from < w.depth(); from += blockK {
		depth := min(blockK, w.depth()-from)
		s.panel = resize(s.panel, panelTiles*blockK*tileRows)
		panel, reach := s.panel, blockK*tileRows
		if w.kind == kinds.F32 { // packed as a panel is
			panel, reach = floats(w.tileRange(lo, hi))[from*tileRows:], w.tileWords()
		} else {
			for t := range tiles {
				expand(panel[t*reach:][:depth*tileRows], w.wordsAt(lo+t, from, depth), w.scalesAt(lo+t, from), w.code.look())
			}
		}
		for at := 0; at < depth; at += l.Block {
			scaleReach := 0
			if l.Scale == kinds.AfterSum {
				scales, scaleReach = w.scalesAt(lo, from+at), w.tileScales()
			}
			k := min(l.Block, depth-at)
			for g := x.from; g < x.to; g++ {
				numbers, n := x.group(from, g)
				ops.block(acc[(x.at(g)-first)*stride:], stride, panel[at*tileRows:], reach, numbers[at*n:], scales, scaleReach, k, n, tiles)
			}
		}
	}
}

// store copies the tiles [lo, hi) of all columns to y.
func (j *job) store(acc []float32, n, lo, hi int) {
	w, stride := j.W, (hi-lo)*tileRows
	rows := min(stride, w.rows-lo*tileRows)
	for c := range n {
		copy(j.Y[c*w.rows+lo*tileRows:][:rows], acc[c*stride:])
	}
}
