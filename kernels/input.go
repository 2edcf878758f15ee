package kernels

import (
	"fmt"
	"sync"
)

// Input is the activations x, [n][k], that weights are multiplied by, with
// what the kernels derive from them: each derivation is made when a product
// first needs it, and then serves every matrix that meets the same input. The
// zero Input is ready; it keeps its memory from one Reset to the next.
//
// An Input may be used by one MatMul at a time.
type Input struct {
	// Fast lets weights of 4 bits and of int8 be multiplied by activations
	// rounded to int8, a scale for each 64 along K, but for outliers. Other
	// weights ignore it.
	Fast bool

	x    []float32
	n, k int

	padded padded
	packed packed
	codes  quantised
	low    lowering

	// The work at hand, and the share of it bound once: a closure a product
	// would be an allocation a product.
	task task
	jobs []job
	ops  *matrixOps
	work func(lo, hi int)
}

// Reset makes x the input: n rows of k. The Input keeps x, which must not
// change until the next Reset.
func (in *Input) Reset(x []float32, n, k int) {
	if n < 0 || k <= 0 || len(x) != n*k {
		panic(fmt.Sprintf("kernels: input of %d values as %d × %d", len(x), n, k))
	}
	in.x, in.n, in.k = x, n, k
	in.padded.ready, in.packed.ready, in.codes.ready = false, false, false
}

// padded is x with rows whose length is a multiple of 32, the rest zeros.
type padded struct {
	ready bool
	x     []float32
}

// rows returns x in rows of the length returned, a multiple of 32.
func (in *Input) rows() (x []float32, length int) {
	length = roundUp(in.k, int8Block)
	if length == in.k {
		return in.x, length
	}
	p := &in.padded
	if !p.ready {
		p.ready = true
		p.x = resize(p.x, in.n*length)
		for i := range in.n {
			row := p.x[i*length:][:length]
			clear(row[copy(row, in.x[i*in.k:][:in.k]):])
		}
	}
	return p.x, length
}

// packed is x as the block products read it.
type packed struct {
	ready bool
	columns
}

// columns are numbers that the block products read, or some of them: for each 64
// along K, for each group of columns (a column being a row of x), [64][columns
// of the group]. K is padded with zeros.
type columns struct {
	cut      // of all columns into groups
	x        []float32
	n        int // columns that x has
	first    int // of them
	k        int // steps along K that x has
	from, to int // the groups that are meant
}

// group returns the numbers of group g from the block of K on that begins at a
// step, and how many columns it has.
func (c *columns) group(step, g int) (x []float32, n int) {
	n = c.at(g+1) - c.at(g)
	depth := min(blockK, c.k-step)
	return c.x[step*c.n+(c.at(g)-c.first)*depth:][:depth*n], n
}

// pack packs x for groups of at most the given number of columns.
func (in *Input) pack(p *Pool, most int) {
	q := &in.packed
	c := cutInto(in.n, most)
	if q.ready && q.cut == c {
		return
	}
	q.ready = true
	q.columns = columns{cut: c, x: resize(q.x, roundUp(in.k, blockK)*in.n), n: in.n, k: roundUp(in.k, blockK), to: c.count}
	in.share(p, packing, q.k/blockK, max(1, 4096/in.n/blockK))
}

// packGroups packs the blocks [lo, hi) of K of the groups that are meant.
func (in *Input) packGroups(dst *columns, lo, hi int) {
	ops := vec()
	for b := lo; b < hi; b++ {
		from := b * blockK
		depth := min(blockK, in.k-from)
		for g := dst.from; g < dst.to; g++ {
			part, n := dst.group(from, g)
			transposeColumns(ops, part, in.x[dst.at(g)*in.k+from:], in.k, n, depth)
			clear(part[depth*n:])
		}
	}
}

// transposeColumns is vectorOps.transpose of any number of rows, which are as
// many columns of dst.
func transposeColumns(ops *vectorOps, dst, x []float32, reach, n, depth int) {
	for c := 0; c < n; c += transposeRows {
		ops.transpose(dst[c:], n, x[c*reach:], reach, min(transposeRows, n-c), depth)
	}
}

// cut is n columns in groups as equal as can be.
type cut struct{ n, count int }

// cutInto makes groups of at most most.
func cutInto(n, most int) cut { return cut{n, (n + most - 1) / most} }

// at is the first column of group g.
func (c cut) at(g int) int { return g * c.n / c.count }

// groups calls fn with the first column and the size of each group.
func groups(n, most int, fn func(column, size int)) {
	c := cutInto(n, most)
	for g := range c.count {
		fn(c.at(g), c.at(g+1)-c.at(g))
	}
}

// share does the work at hand on the pool, n pieces in multiples of grain.
func (in *Input) share(p *Pool, t task, n, grain int) {
	if in.work == nil {
		in.work = in.run
	}
	in.task = t
	p.Run(n, grain, in.work)
}

func resize[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// scratch is the memory that one share of work needs meanwhile.
type scratch struct {
	block  [blockK]float32
	panel  []float32
	panel8 []uint32
	acc    []float32
	x      []float32
	scales [panelTiles * tileRows]float32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
