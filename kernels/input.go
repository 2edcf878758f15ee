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
	n, k int // tokens, and numbers of a token

	padded padded
	packed packed
	codes  quantised
	down   downProjection

	// The jobs of a MatMul, the work that threads share out now, and the
	// function that does a piece of it. The function is bound once: a closure a
	// product would be an allocation a product.
	jobs  []job
	ops   *matrixOps
	phase phase
	work  func(lo, hi int)
}

// Reset makes x the input: n rows of k numbers, a token each. The Input keeps
// x, which must not change until the next Reset.
func (in *Input) Reset(x []float32, n, k int) {
	if n < 0 || k <= 0 || len(x) != n*k {
		panic(fmt.Sprintf("kernels: input of %d values as %d × %d", len(x), n, k))
	}
	in.x, in.n, in.k = x, n, k
	in.padded.ready, in.packed.ready, in.codes.ready = false, false, false
}

// padded is x with rows whose length is a multiple of 64, the rest zeros.
type padded struct {
	ready bool
	x     []float32
}

// rows returns x in rows of xStride numbers, a multiple of 64.
func (in *Input) rows() (x []float32, xStride int) {
	xStride = roundUp(in.k, blockK)
	if xStride == in.k {
		return in.x, xStride
	}
	p := &in.padded
	if !p.ready {
		p.ready = true
		p.x = resize(p.x, in.n*xStride)
		for i := range in.n {
			row := p.x[i*xStride:][:xStride]
			clear(row[copy(row, in.x[i*in.k:][:in.k]):])
		}
	}
	return p.x, xStride
}

// packed is x as the block products read it.
type packed struct {
	ready bool
	groups
}

// groups holds all tokens of an input, or some of them, in the order in which the block
// products read them: for each block of 64 along K, for each group of tokens, [64][tokens
// of the group]. K is padded with zeros. For five tokens in groups of three and two, x is
//
//	k=0 of tokens 0 1 2, k=1 of tokens 0 1 2, …, k=63 of tokens 0 1 2
//	k=0 of tokens 3 4,   k=1 of tokens 3 4,   …, k=63 of tokens 3 4
//	k=64 of tokens 0 1 2, …
type groups struct {
	cut      // of all tokens into groups
	x        []float32
	first    int // the first token that x has
	n        int // the number of tokens that x has
	k        int // steps along K that x has
	from, to int // the groups [from, to) are multiplied, or packed
}

// group returns the numbers of group g from the block of K on that begins at a
// step, and how many tokens it has.
func (gs *groups) group(step, g int) (x []float32, n int) {
	n = gs.at(g+1) - gs.at(g)
	depth := min(blockK, gs.k-step)
	return gs.x[step*gs.n+(gs.at(g)-gs.first)*depth:][:depth*n], n
}

// pack packs x for groups of at most the given number of tokens.
func (in *Input) pack(p *Pool, most int) {
	q := &in.packed
	c := cutInto(in.n, most)
	if q.ready && q.cut == c {
		return
	}
	q.ready = true
	q.groups = groups{cut: c, x: resize(q.x, roundUp(in.k, blockK)*in.n), n: in.n, k: roundUp(in.k, blockK), to: c.count}
	in.share(p, packing, q.k/blockK, max(1, 4096/in.n/blockK), even)
}

// packGroups packs the blocks [lo, hi) of K of the groups [dst.from, dst.to).
func (in *Input) packGroups(dst *groups, lo, hi int) {
	ops := vec()
	for b := lo; b < hi; b++ {
		from := b * blockK
		depth := min(blockK, in.k-from)
		for g := dst.from; g < dst.to; g++ {
			part, n := dst.group(from, g)
			interleave(ops, part, in.x[dst.at(g)*in.k+from:], in.k, n, depth)
			clear(part[depth*n:])
		}
	}
}

// interleave sets dst[i·n + c] = x[c·xStride + i] for n tokens c and i < k.
func interleave(ops *vectorOps, dst, x []float32, xStride, n, k int) {
	for c := 0; c < n; c += transposeRows {
		ops.transpose(dst[c:], n, x[c*xStride:], xStride, min(transposeRows, n-c), k)
	}
}

// cut is n tokens in groups as equal as can be.
type cut struct{ n, count int }

// cutInto makes groups of at most most tokens.
func cutInto(n, most int) cut { return cut{n, (n + most - 1) / most} }

// at returns the first token of group g.
func (c cut) at(g int) int { return g * c.n / c.count }

func resize[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// scratch is the memory that one share of work needs while it runs.
type scratch struct {
	block  [blockK]float32
	panel  []float32
	panel8 []uint32
	acc    []float32
	x      []float32
	scales [panelTiles * tileRows]float32
	opened opened

	args productArgs
}

// productArgs has room for the arguments of the kernels of products, see args.go.
type productArgs struct {
	vector     vectorArgs
	block      blockArgs
	fastVector fastVectorArgs
	fastBlock  fastBlockArgs
	channel    channelArgs
	group      groupArgs
}

// release gives s back. It clears the arguments, which point into weights whose
// memory may be unmapped before s is used again.
func (s *scratch) release() {
	s.args = productArgs{}
	scratches.Put(s)
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
