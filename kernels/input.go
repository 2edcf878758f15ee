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
	// rounded to int8, a scale for each 64 along K. Other weights ignore it.
	Fast bool

	x    []float32
	n, k int

	padded padded
	packed packed
	codes  quantised

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
	in.padded.ready, in.packed.columns, in.codes.ready = false, 0, false
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

// packed is x as the block products read it: for each 64 along K, for each
// group of columns (a column being a row of x), [64][columns of the group].
// K is padded with zeros.
type packed struct {
	columns int // the most columns of a group; 0: not packed
	x       []float32
}

// pack returns x packed for groups of at most the given number of columns.
func (in *Input) pack(p *Pool, columns int) []float32 {
	q := &in.packed
	if q.columns == columns {
		return q.x
	}
	q.columns = columns
	blocks := (in.k + blockK - 1) / blockK
	q.x = resize(q.x, blocks*blockK*in.n)
	in.share(p, packing, blocks, max(1, 4096/in.n/blockK))
	return q.x
}

// packBlocks packs the blocks [lo, hi) of K.
func (in *Input) packBlocks(lo, hi int) {
	ops := vec()
	for b := lo; b < hi; b++ {
		dst := in.packed.x[b*blockK*in.n:]
		from := b * blockK
		depth := min(blockK, in.k-from)
		groups(in.n, in.packed.columns, func(column, n int) {
			part := dst[column*blockK:][:n*blockK]
			for c := 0; c < n; c += transposeRows {
				ops.transpose(part[c:], n, in.x[(column+c)*in.k+from:], in.k, min(transposeRows, n-c), depth)
			}
			clear(part[depth*n:])
		})
	}
}

// groups cuts n columns into groups of at most most, as equal as can be, and
// calls fn with each one's first column and size.
func groups(n, most int, fn func(column, size int)) {
	count := (n + most - 1) / most
	for g := range count {
		from := g * n / count
		fn(from, (g+1)*n/count-from)
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
	panel  []float32
	panel8 []uint32
	acc    []float32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
