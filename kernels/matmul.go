package kernels

import "fmt"

// Product is x Wᵀ of an input x and weights W, to be written to Y, and what an
// adapter makes of it. Y is [rows of x][outputs of W].
type Product struct {
	W       *Weights // nil: Y holds the product already
	Y       []float32
	LowRank *LowRank // nil: none
}

func (p *Product) outputs() int {
	if p.W == nil {
		return p.LowRank.Up.rows
	}
	return p.W.rows
}

// MatMul sets y = x Wᵀ: y is [n][rows of W] for an input of n tokens, whose rows
// are as long as those of W. Its bits depend on W and on the row of x alone:
//
//	weights of 4 bits (not rounded), int8   per block of 64 (int8, and U4 in groups of
//	                                        32: 32) along K s = Σ fma(code, x, s), k
//	                                        ascending; then y = fma(scale, s, y)
//	all others                              per 64 along K the same s of w·x;
//	                                        then y = y + s
//
// where code is code - zero in U4; and with in.Fast, for weights of 4 bits and of int8,
// per such block
//
//	y = fma(scale·scale of x, Σ code·code of x, y)
//
// and at last, for each outlier of x, k ascending, y = fma(scale·code, x, y).
func (w *Weights) MatMul(p *Pool, y []float32, in *Input) { in.MatMul(p, Product{W: w, Y: y}) }

// MatMul makes products of one input, as [Weights.MatMul] makes each, and
// shares them out together: threads meet once for all. It panics if a product
// does not fit the input.
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
		if product.LowRank != nil {
			product.LowRank.check(in.k, outputs)
		}
		in.add(p, product)
	}
	in.multiply(p)
}

// A method is a way to compute a product.
type method uint8

const (
	noProduct         method = iota // Y holds it already
	vectorProduct                   // packed tiles times few tokens: matrixOps.vector
	matrixProduct                   // expanded tiles times all tokens: matrixOps.block
	fastVectorProduct               // the same two over integers
	fastMatrixProduct
)

// byPanels says that the method expands panelTiles tiles together.
func (m method) byPanels() bool { return m == matrixProduct || m == fastMatrixProduct }

// job is a product with the way in which it is computed.
type job struct {
	Product
	method      method
	first       int       // its first tile in the numbering of all jobs of a run
	hidden      []float32 // Down x of LowRank, of n tokens
	hiddenDepth int       // numbers of a token in hidden
}

func (j *job) tiles() int { return (j.outputs() + tileRows - 1) / tileRows }

// add makes a job of a product, and derives from the input what it needs.
func (in *Input) add(p *Pool, product Product) {
	w, j := product.W, job{Product: product}
	if product.LowRank != nil && in.n <= in.ops.vectorTokens {
		in.rows() // Down needs them
	}
	switch {
	case w == nil:
		j.method = noProduct
	case in.Fast && w.integer():
		many := in.n > in.ops.fastFew[w.kind]
		raised := in.ops.raised(w.kind, many)
		if in.codes.ready && !in.codes.serves(w, raised) {
			in.multiply(p) // the jobs that need the scales as they are
		}
		in.quantise(p, w, raised)
		j.method = fastVectorProduct
		if many {
			j.method = fastMatrixProduct
		}
	case in.n <= in.ops.vectorFew[w.kind]:
		j.method = vectorProduct
		in.rows()
	default:
		j.method = matrixProduct
		in.pack(p, in.ops.blockTokens)
	}
	in.jobs = append(in.jobs, j)
}

// fewProducts is the number of multiplications that don't pay for a meeting of
// threads.
const fewProducts = 1 << 15

// multiply computes the jobs, and leaves none.
func (in *Input) multiply(p *Pool) {
	if len(in.jobs) == 0 {
		return
	}
	// Products with few tokens wait for the first words of each piece. Where tiles
	// are expanded, they take long: the last should end at about the same time.
	grain, by := in.ops.vectorTiles, coarse
	for i := range in.jobs {
		if in.jobs[i].method.byPanels() {
			grain, by = 1, even
		}
	}
	in.layHidden()
	tiles, work := in.down.units, 0
	for i := range in.jobs {
		j := &in.jobs[i]
		j.first = roundUp(tiles, grain)
		tiles = j.first + j.tiles()
		if j.W != nil {
			work += j.W.rows * in.k * in.n
		}
		if j.LowRank != nil {
			work += j.LowRank.Down.rows * (in.k + j.outputs()) * in.n
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
	in.share(p, multiplying, tiles, grain, by)
	clear(in.jobs)
	in.jobs = in.jobs[:0]
}

// A phase is a kind of work on an input that threads share out.
type phase uint8

const (
	multiplying phase = iota // units of down projections, then tiles of all jobs
	packing                  // blocks of K, for block products
	quantising               // tokens, to int8
	scaling                  // blocks of K, whose scales are made those for some weights
)

// share does n pieces of a phase on the pool, in multiples of grain.
func (in *Input) share(p *Pool, phase phase, n, grain int, by sharing) {
	if in.work == nil {
		in.work = in.run
	}
	in.phase = phase
	p.run(n, grain, by, in.work)
}

// run does the pieces [lo, hi) of the phase.
func (in *Input) run(lo, hi int) {
	switch in.phase {
	case multiplying:
		in.runJobs(lo, hi)
	case packing:
		in.packGroups(&in.packed.groups, lo, hi)
	case quantising:
		in.quantiseTokens(lo, hi)
	case scaling:
		in.scaleBlocks(lo, hi)
	}
}

// runJobs does the pieces [lo, hi) of the down projections and the jobs.
func (in *Input) runJobs(lo, hi int) {
	s := scratches.Get().(*scratch)
	if lo < in.down.units {
		in.runDown(s, lo, min(hi, in.down.units))
	}
	for i := range in.jobs {
		j := &in.jobs[i]
		from, to := max(lo-j.first, 0), min(hi-j.first, j.tiles())
		step := to - from
		if j.method.byPanels() {
			step = panelTiles
		}
		for ; from < to; from += step {
			in.tiles(s, j, from, min(from+step, to))
		}
	}
	s.release()
}

// tiles computes the tiles [lo, hi) of a job.
func (in *Input) tiles(s *scratch, j *job, lo, hi int) {
	switch j.method {
	case vectorProduct:
		in.vector(s, j, lo, hi)
	case fastVectorProduct:
		in.fastVector(s, j, lo, hi)
	case matrixProduct:
		in.matrix(s, j, lo, hi)
	case fastMatrixProduct:
		in.fastMatrix(s, j, lo, hi)
	}
	if j.LowRank != nil {
		in.down.await()
		in.addUp(s, j, lo, hi)
	}
}
