package kernels

// quantised is x rounded to int8, by blocks of 64 along K, which is padded
// with zeros.
type quantised struct {
	ready  bool
	words  []uint32  // [K/64][n][16], four codes a word, the first in its lowest byte
	scales []float32 // [K/64][n]
	sums   []int32   // [K/64][2][n]: of the first 32 codes of a block, and of the second

	outliers outliers

	// Scales and starts for the weights of the last product: for their blocks,
	// of 32 or 64 along K.
	block    int       // steps of K of a block; 0: none are made yet
	scaledBy float32   // the weights' codeScale, a factor of scaled
	raised   int32     // the factor of -Σx in starts
	scaled   []float32 // [blocks][n]
	starts   []int32   // [blocks][n], see fastOps.raised4
}

// serves says whether scaled and starts, with a factor of -Σx, are right for w, or
// none are made yet.
func (q *quantised) serves(w *Weights, raised int32) bool {
	return q.block == 0 || q.scaledBy == w.codeScale() && q.block == w.kind.Form().Block && q.raised == raised
}

// quantise makes the codes of x, and its scales for w and starts with a factor of -Σx.
func (in *Input) quantise(p *Pool, w *Weights, raised int32) {
	q := &in.codes
	blocks := (in.k + blockK - 1) / blockK
	if !q.ready {
		q.ready, q.block = true, 0
		q.words = resize(q.words, in.n*blocks*blockWords)
		q.scales = resize(q.scales, in.n*blocks)
		q.sums = resize(q.sums, in.n*blocks*2)
		q.outliers.reset(in.n, in.k, blocks)
		in.share(p, quantising, in.n, max(1, 8192/in.k), even)
		q.outliers.sort()
	}
	if q.block != 0 && q.serves(w, raised) {
		return
	}
	q.scaledBy, q.block, q.raised = w.codeScale(), w.kind.Form().Block, raised
	repeat := blockK / q.block
	q.scaled = resize(q.scaled, len(q.scales)*repeat)
	q.starts = resize(q.starts, len(q.scales)*repeat)
	in.share(p, scaling, blocks, max(1, 16384/in.n), even)
}

// quantiseTokens rounds the tokens [lo, hi).
func (in *Input) quantiseTokens(lo, hi int) {
	q := &in.codes
	s := scratches.Get().(*scratch)
	for row := lo; row < hi; row++ {
		in.ops.quantise(q.words[row*blockWords:], q.scales[row:], q.sums[row:], in.x[row*in.k:][:in.k], in.n)
		in.takeOutliers(row, s.block[:])
	}
	s.release()
}

// scaleBlocks makes scaled and starts of the blocks [lo, hi) of 64 along K, for
// the weights that block and scaledBy describe.
func (in *Input) scaleBlocks(lo, hi int) {
	q, n := &in.codes, in.n
	for b := lo; b < hi; b++ {
		sums := q.sums[2*b*n:][:2*n]
		for c, s := range q.scales[b*n:][:n] {
			s *= q.scaledBy
			if q.block == blockK {
				q.scaled[b*n+c], q.starts[b*n+c] = s, -q.raised*(sums[c]+sums[n+c])
				continue
			}
			for half := range 2 {
				q.scaled[(2*b+half)*n+c], q.starts[(2*b+half)*n+c] = s, -q.raised*sums[half*n+c]
			}
		}
	}
}

// quantiseGo is fastOps.quantise.
func quantiseGo(words []uint32, scales []float32, sums []int32, x []float32, n int) {
	var codes [blockK]int8
	for b := 0; b*blockK < len(x); b++ {
		part := x[b*blockK : min((b+1)*blockK, len(x))]
		clear(codes[len(part):])
		top := max(greatest(part), greatestFour(part)*(127./fourMost))
		scales[b*n] = roundCodes(codes[:len(part)], part, top, 127)
		words := words[b*n*blockWords:][:blockWords]
		for i := range words {
			words[i] = 0
			for j, c := range codes[4*i:][:4] {
				words[i] |= uint32(uint8(c)) << (8 * j)
			}
		}
		for half := range 2 {
			sum := int32(0)
			for _, c := range codes[half*blockK/2:][:blockK/2] {
				sum += int32(c)
			}
			sums[(2*b+half)*n] = sum
		}
	}
}

// greatestFour returns the greatest sum of one sign among four activations whose
// products are summed in 16 bits: of the steps k, k+1, k+4 and k+5
//
//	3  -1  2  -7      the positive sum is 5, the negative sum 8: 8
func greatestFour(x []float32) float32 {
	var padded [blockK]float32
	copy(padded[:], x)
	most := float32(0)
	for i := range padded {
		if i%8 != 0 && i%8 != 2 {
			continue
		}
		four := [4]float32{padded[i], padded[i+1], padded[i+4], padded[i+5]}
		var above, below [4]float32
		for j, v := range four {
			if v > 0 {
				above[j] = v
			} else if v < 0 {
				below[j] = -v
			}
		}
		for _, v := range [][4]float32{above, below} {
			most = max(most, (v[0]+v[1])+(v[2]+v[3]))
		}
	}
	return most
}
