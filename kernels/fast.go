package kernels

// Products of integers, for Input.Fast. Activations are codes from -127 to
// 127 with a scale for each 64 along K; weights are codes of int8 too, those
// of 4 bits by way of their codebook rounded to 127ths of its greatest value.
// Sums over a block are exact, whatever the instructions, so that variants
// differ in speed only.

// integer says whether the weights have a product of integers.
func (w *Weights) integer() bool { return w.format == Int8 || w.code != nil }

// codeScale is what the scales of x are multiplied by for these weights.
func (w *Weights) codeScale() float32 {
	if w.code != nil {
		return w.code.scale
	}
	return 1
}

// quantised is x rounded to int8. K is padded with zeros to a multiple of 64.
type quantised struct {
	ready  bool
	words  []uint32  // [n][K/4], four codes a word, the first in its lowest byte
	scales []float32 // [n][K/64]
	sums   []int32   // [n][K/32], of the codes

	// For the weights at hand.
	scaledBy float32   // what scaled has been multiplied by
	repeat   int       // blocks of the weights to one of x
	scaled   []float32 // scales times that, [n][one for each block of the weights]

	columns      int       // the most columns of a group; 0: not packed
	wide         bool      // packed by pairs, see fastOps
	packed       []uint32  // for each 64 along K, for each group, [16 or 32][columns]
	packedScales []float32 // [K/64][n], times packedBy
	packedBy     float32
	packedSums   []int32 // [K/64][3][n]: of the first and second 32, and of both
}

// unscaled is scaledBy and packedBy before anything has been scaled.
const unscaled = -1

// serves says whether scales that were made for some weights do for w too.
func (q *quantised) serves(w *Weights) bool {
	by := w.codeScale()
	if q.scaledBy != unscaled && (q.scaledBy != by || q.repeat != blockK/layouts[w.kind].block) {
		return false
	}
	return q.packedBy == unscaled || q.packedBy == by
}

// quantise makes the codes of x, and its scales for w.
func (in *Input) quantise(p *Pool, w *Weights) {
	q := &in.codes
	blocks := (in.k + blockK - 1) / blockK
	if !q.ready {
		q.ready, q.columns = true, 0
		q.scaledBy, q.packedBy = unscaled, unscaled
		q.words = resize(q.words, in.n*blocks*blockK/4)
		q.scales = resize(q.scales, in.n*blocks)
		q.sums = resize(q.sums, in.n*blocks*2)
		in.share(p, quantising, in.n, max(1, 8192/in.k))
	}
	by, repeat := w.codeScale(), blockK/layouts[w.kind].block
	if in.n <= in.ops.fastFew && (q.scaledBy != by || q.repeat != repeat) {
		q.scaledBy, q.repeat = by, repeat
		q.scaled = resize(q.scaled, len(q.scales)*repeat)
		for i := range q.scaled {
			q.scaled[i] = q.scales[i/repeat] * by
		}
	}
}

// quantiseRows rounds the rows [lo, hi) of x.
func (in *Input) quantiseRows(lo, hi int) {
	q := &in.codes
	blocks := (in.k + blockK - 1) / blockK
	for row := lo; row < hi; row++ {
		x := in.x[row*in.k:][:in.k]
		in.ops.quantise(q.words[row*blocks*blockK/4:][:blocks*blockK/4],
			q.scales[row*blocks:][:blocks], q.sums[row*blocks*2:][:blocks*2], x)
	}
}

// packCodes orders codes, sums and scales as the block products read them,
// the scales for w.
func (in *Input) packCodes(p *Pool, w *Weights) {
	q, ops := &in.codes, in.ops
	blocks := (in.k + blockK - 1) / blockK
	if q.columns != ops.fastColumns || q.wide != ops.pairs {
		q.columns, q.wide = ops.fastColumns, ops.pairs
		q.packed = resize(q.packed, in.n*blocks*ops.blockWords())
		q.packedSums = resize(q.packedSums, in.n*blocks*3)
		in.share(p, packingCodes, blocks, max(1, 16384/in.n/blockK))
	}
	if by := w.codeScale(); q.packedBy != by {
		q.packedBy = by
		q.packedScales = resize(q.packedScales, len(q.scales))
		for c := range in.n {
			for b, s := range q.scales[c*blocks:][:blocks] {
				q.packedScales[b*in.n+c] = s * by
			}
		}
	}
}

// packCodeBlocks packs the blocks [lo, hi) of K.
func (in *Input) packCodeBlocks(lo, hi int) {
	q, size := &in.codes, in.ops.blockWords()
	const words = blockK / 4
	blocks := (in.k + blockK - 1) / blockK
	for b := lo; b < hi; b++ {
		groups(in.n, q.columns, func(column, n int) {
			dst := q.packed[(b*in.n+column)*size:][:n*size]
			for c := range n {
				for k, v := range q.words[((column+c)*blocks+b)*words:][:words] {
					if q.wide {
						dst[2*k*n+c], dst[(2*k+1)*n+c] = codePairs(v)
					} else {
						dst[k*n+c] = v
					}
				}
				halves := q.sums[((column+c)*blocks+b)*2:][:2]
				for i, sum := range [3]int32{halves[0], halves[1], halves[0] + halves[1]} {
					q.packedSums[(3*b+i)*in.n+column+c] = sum
				}
			}
		})
	}
}

// codePairs widens four codes to pairs of 16 bits: the first and third, and
// the second and fourth.
func codePairs(v uint32) (even, odd uint32) {
	const low = 0xffff
	even = uint32(int8(v))&low | uint32(int8(v>>16))<<16
	odd = uint32(int8(v>>8))&low | uint32(int8(v>>24))<<16
	return even, odd
}

// fastOps are the kernels over integers that come in variants.
type fastOps struct {
	// quantise rounds x, len(words)·4 or fewer, the rest being zeros.
	quantise func(words []uint32, scales []float32, sums []int32, x []float32)

	// fastVector4 and fastVector8 are the product of packed tiles of 4-bit and
	// int8 weights with n ≤ fastVectorColumns columns of codes, whose rows of x
	// and xSums are as long as reach blocks of 64 make them, and those of
	// xScales as blocks of the weights do. 16 values a tile, to each y of the
	// columns, stride apart.
	fastVector4, fastVector8 fastVectorFunc
	fastVectorColumns        int
	// fastFew is up to how many columns that beats fastExpand and fastBlock.
	fastFew int

	// fastExpand4 and fastExpand8 make codes for fastBlock of some steps of K
	// of one tile: [k/4][row], four codes a word as int8 weights are packed; or
	// if pairs is set, twice as many words that only fastBlock understands.
	fastExpand4 func(panel []uint32, words []uint32, code *[16]int8)
	fastExpand8 func(panel []uint32, words []uint32)
	// fastBlock is the product of expanded tiles with n ≤ fastColumns columns
	// over k (64 or 32) steps of K, of which xSums has the sums of x: for each
	// tile t, column c and row r
	//
	//	s = Σ_k panel[t·reach + k·16 + r]·x[k·n + c]     exact
	//	acc[c·stride + t·16 + r] += (scales[t·scaleReach + r]·xScales[c])·s     fused
	fastBlock   func(acc []float32, stride int, panel []uint32, reach int, x []uint32, xScales []float32, xSums []int32, scales []float32, scaleReach, k, n, tiles int)
	fastColumns int
	// pairs says that x must be packed as codePairs has it.
	pairs bool
}

type fastVectorFunc func(y []float32, stride int, words []uint32, scales []float32,
	x []uint32, xScales []float32, xSums []int32, reach, n, depth, tiles int, code *[16]int8)

// blockWords is the words of x of a block, or of a row of the panel.
func (o *fastOps) blockWords() int {
	if o.pairs {
		return blockK / 2
	}
	return blockK / 4
}

var fastScalar = fastOps{
	quantise:    quantiseGo,
	fastVector4: fastVector4Go, fastVector8: fastVector8Go, fastVectorColumns: 1, fastFew: 1,
	fastExpand4: fastExpand4Go, fastExpand8: fastExpand8Go,
	fastBlock: fastBlockGo, fastColumns: 4,
}

// fastVector computes the tiles [lo, hi) of the product with few rows: if they
// are more than the kernel takes, by groups, while some tiles stay in cache.
func (in *Input) fastVector(s *scratch, j *job, lo, hi int) {
	w, q, most := j.W, &in.codes, in.ops.fastVectorColumns
	product, code := in.ops.fastVector8, (*[16]int8)(nil)
	if w.code != nil {
		product, code = in.ops.fastVector4, &w.code.int8
	}
	reach := len(q.scales) / in.n
	step := hi - lo
	if in.n > most {
		step = in.ops.vectorTiles
	}
	for ; lo < hi; lo += step {
		j.whole(s, lo, min(lo+step, hi), in.n, func(y []float32, stride, lo, hi int) {
			groups(in.n, most, func(c, n int) {
				product(y[c*stride:], stride, w.tileRange(lo, hi), w.scaleRange(lo, hi), q.words[c*reach*blockK/4:],
					q.scaled[c*reach*q.repeat:], q.sums[c*reach*2:], reach, n, w.depth(), hi-lo, code)
			})
		})
	}
}

// fastMatrix is matrix over integers.
func (in *Input) fastMatrix(s *scratch, j *job, lo, hi int) {
	w, ops, q := j.W, in.ops, &in.codes
	n, tiles := in.n, hi-lo
	stride, block := tiles*tileRows, layouts[w.kind].block
	s.acc = resize(s.acc, n*stride)
	acc := s.acc
	clear(acc)
	size := ops.blockWords()
	reach := size * tileRows
	s.panel8 = resize(s.panel8, panelTiles*reach)
	panel := s.panel8
	for from := 0; from < w.depth(); from += blockK {
		depth := min(blockK, w.depth()-from)
		for t := range tiles {
			part, words := panel[t*reach:][:reach*depth/blockK], w.wordsAt(lo+t, from, depth)
			if w.format == Int8 {
				ops.fastExpand8(part, words)
			} else {
				ops.fastExpand4(part, words, &w.code.int8)
			}
		}
		x := q.packed[from/blockK*size*n:]
		for at := 0; at < depth; at += block {
			rows, sums := at*size/blockK, 2
			if block < blockK {
				sums = at / block
			}
			groups(n, q.columns, func(column, columns int) {
				ops.fastBlock(acc[column*stride:], stride, panel[rows*tileRows:], reach,
					x[column*size+rows*columns:], q.packedScales[from/blockK*n+column:],
					q.packedSums[(from/blockK*3+sums)*n+column:], w.scalesAt(lo, from+at), w.tileScales(), block, columns, tiles)
			})
		}
	}
	j.store(acc, in.n, lo, hi)
}

// quantiseGo is fastOps.quantise.
func quantiseGo(words []uint32, scales []float32, sums []int32, x []float32) {
	clear(words)
	clear(sums)
	var codes [blockK]int8
	for b := range scales {
		from := b * blockK
		part := x[from:min(from+blockK, len(x))]
		scales[b] = quantize8(codes[:len(part)], part)
		for i, c := range codes[:len(part)] {
			words[(from+i)/4] |= uint32(uint8(c)) << (i % 4 * 8)
			sums[(from+i)/32] += int32(c)
		}
	}
}

// dot4 adds to s the products of four pairs of codes.
func dot4(s int32, a, b uint32) int32 {
	for range 4 {
		s += int32(int8(a)) * int32(int8(b))
		a, b = a>>8, b>>8
	}
	return s
}

// fastVector4Go is fastOps.fastVector4.
func fastVector4Go(y []float32, stride int, words []uint32, scales []float32,
	x []uint32, xScales []float32, _ []int32, reach, n, depth, tiles int, code *[16]int8) {
	const step = blockK / 8 * tileRows
	var panel [2 * step]uint32
	blocks := depth / blockK
	for i := range n * tiles * blocks {
		column, tile, b := i/(tiles*blocks), i/blocks%tiles, i%blocks
		out, at := y[column*stride+tile*tileRows:][:tileRows], tile*blocks+b
		if b == 0 {
			clear(out)
		}
		fastExpand4Go(panel[:], words[at*step:][:step], code)
		fastBlockGo(out, 0, panel[:], 0, x[(column*reach+b)*blockK/4:], xScales[column*reach+b:], nil,
			scales[at*tileRows:], 0, blockK, 1, 1)
	}
}

// fastVector8Go is fastOps.fastVector8.
func fastVector8Go(y []float32, stride int, words []uint32, scales []float32,
	x []uint32, xScales []float32, _ []int32, reach, n, depth, tiles int, _ *[16]int8) {
	const step = int8Block / 4 * tileRows
	blocks, reach := depth/int8Block, reach*blockK/int8Block
	for i := range n * tiles * blocks {
		column, tile, b := i/(tiles*blocks), i/blocks%tiles, i%blocks
		out, at := y[column*stride+tile*tileRows:][:tileRows], tile*blocks+b
		if b == 0 {
			clear(out)
		}
		fastBlockGo(out, 0, words[at*step:], 0, x[(column*reach+b)*int8Block/4:], xScales[column*reach+b:], nil,
			scales[at*tileRows:], 0, int8Block, 1, 1)
	}
}

// fastExpand4Go is fastOps.fastExpand4.
func fastExpand4Go(panel []uint32, words []uint32, code *[16]int8) {
	clear(panel)
	for i, w := range words {
		step, row := i/tileRows, i%tileRows
		for j := range 4 {
			panel[(2*step)*tileRows+row] |= uint32(uint8(code[w>>(8*j)&15])) << (8 * j)
			panel[(2*step+1)*tileRows+row] |= uint32(uint8(code[w>>(8*j+4)&15])) << (8 * j)
		}
	}
}

// fastExpand8Go is fastOps.fastExpand8.
func fastExpand8Go(panel []uint32, words []uint32) { copy(panel, words) }

// fastBlockGo is fastOps.fastBlock.
func fastBlockGo(acc []float32, stride int, panel []uint32, reach int, x []uint32, xScales []float32, _ []int32, scales []float32, scaleReach, k, n, tiles int) {
	for t := range tiles {
		panel, scales := panel[t*reach:], scales[t*scaleReach:]
		for c := range n {
			var s [tileRows]int32
			for i := range k / 4 {
				v, w := x[i*n+c], (*[tileRows]uint32)(panel[i*tileRows:])
				for r := range s {
					s[r] = dot4(s[r], w[r], v)
				}
			}
			out := acc[c*stride+t*tileRows:][:tileRows]
			for r := range s {
				out[r] = fma32(scales[r]*xScales[c], float32(s[r]), out[r])
			}
		}
	}
}
