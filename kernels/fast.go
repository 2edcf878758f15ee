package kernels

// Products of integers, for Input.Fast. Activations are codes from -127 to
// 127 with a scale for each 64 along K; weights are codes of int8 too, those
// of 4 bits by way of their codebook rounded to 86ths of its greatest value.
// Sums over a block are exact, whatever the instructions, so that variants
// differ in speed only. The few activations that are far greater than the others
// are multiplied in float32, see outliers.
//
// AVX2 sums products of an unsigned and a signed code in 16 bits: those of four
// steps of K, which are k, k+1, k+4 and k+5. With 86 added to the codes of 4-bit
// weights, and those four activations scaled so that neither what is positive
// among them nor what is negative is more than 190, the sum is at most 172·190 =
// 32680 either way. They rarely come near: the scale is mostly that of the
// greatest. Of the codebooks that leave room for such activations, 86ths fit NF4
// best.
const (
	codeMost = 86
	fourMost = 188 // and 2 for rounding
)

// integer says whether the weights have a product of integers.
func (w *Weights) integer() bool { return w.format == Int8 || w.code != nil }

// codeScale is what the scales of x are multiplied by for these weights.
func (w *Weights) codeScale() float32 {
	if w.code != nil {
		return w.code.scale
	}
	return 1
}

// fastOps are the kernels over integers that come in variants. Their
// activations are n columns, each a row of x, by blocks along K: those of 64
// codes, [n][16], and the scales and sums of the blocks of the weights, [n].
type fastOps struct {
	// quantise rounds x, a column of n.
	quantise func(words []uint32, scales []float32, sums []int32, x []float32, n int)

	// fastVector4 and fastVector8 are the product of packed tiles of 4-bit and
	// int8 weights with n ≤ fastVectorColumns columns of the reach in a block:
	// 16 values a tile, to each y of the columns, stride apart.
	fastVector4, fastVector8 fastVectorFunc
	fastVectorColumns        int
	// fastFew is up to how many columns that beats fastExpand and fastBlock.
	fastFew int

	// fastExpand4 and fastExpand8 make codes of some steps of K of one tile for
	// fastBlock4 and fastBlock8: [k/4][row], four a word as int8 weights are
	// packed; fastExpand8 of signed, twice as many words that only fastBlock8
	// understands.
	fastExpand4 func(panel []uint32, words []uint32, code *[16]int8)
	fastExpand8 func(panel []uint32, words []uint32)
	signed      bool
	// fastBlock4 and fastBlock8 are the product of expanded tiles with n columns
	// over k (64, or 32 of int8) steps of K: for each tile t, column c and row r
	//
	//	s = Σ_k panel[t·reach + k·16 + r]·x[c·64 + k]     exact
	//	y[c·stride + t·16 + r] = from[c·fromStride + t·16 + r] +
	//	        (scales[t·scaleReach + r]·xScales[c])·s     fused
	fastBlock4, fastBlock8 fastBlockFunc

	// addChannel4 and addChannel8 add what outliers of a channel make of tiles.
	addChannel4, addChannel8 addChannelFunc

	// raised4 and raised8 are what the kernels add to codes of weights to make
	// them unsigned; starts are then where sums start, -raised·Σx.
	raised4, raised8 int32
}

type (
	fastVectorFunc func(y []float32, stride int, words []uint32, scales []float32,
		x []uint32, xScales []float32, starts []int32, reach, n, depth, tiles int, code *[16]int8)
	fastBlockFunc func(y []float32, stride int, from []float32, fromStride int, panel []uint32, reach int,
		x []uint32, xScales []float32, starts []int32, scales []float32, scaleReach, k, n, tiles int)
)

// blockWords is the words of a block of codes.
const blockWords = blockK / 4

// panelWords is the words of a block of a row of the panel.
func (o *fastOps) panelWords(f Format) int {
	if o.signed && f == Int8 {
		return 2 * blockWords
	}
	return blockWords
}

var fastScalar = fastOps{
	quantise:    quantiseGo,
	fastVector4: fastVector4Go, fastVector8: fastVector8Go, fastVectorColumns: 1, fastFew: 1,
	fastExpand4: fastExpand4Go, fastExpand8: fastExpand8Go,
	fastBlock4: fastBlockGo, fastBlock8: fastBlockGo,
	addChannel4: addChannel4Go, addChannel8: addChannel8Go,
}

// fastVector is vector over integers.
func (in *Input) fastVector(s *scratch, j *job, lo, hi int) {
	w, q := j.W, &in.codes
	product, code := in.ops.fastVector8, (*[16]int8)(nil)
	if w.code != nil {
		product, code = in.ops.fastVector4, &w.code.int8
	}
	step := hi - lo
	if len(q.outliers.channels) > 0 {
		step = max(in.ops.vectorTiles, outlierWords/w.tileWords())
	}
	in.eachGroup(s, j, lo, hi, step, in.ops.fastVectorColumns, func(y []float32, stride, lo, hi, c, n int) {
		product(y[c*stride:], stride, w.tileRange(lo, hi), w.scaleRange(lo, hi), q.words[c*blockWords:],
			q.scaled[c:], q.starts[c:], in.n, n, w.depth(), hi-lo, code)
		if c+n == in.n {
			in.addOutliers(w, y, stride, lo, hi)
		}
	})
}

// fastMatrix is matrix over integers. Sums begin with zeros, and end in y if
// there is room for the whole of the last tile.
func (in *Input) fastMatrix(s *scratch, j *job, lo, hi int) {
	w, ops, q := j.W, in.ops, &in.codes
	n, tiles, layout := in.n, hi-lo, w.kind.Form()
	stride, block, depth := tiles*tileRows, layout.Block, w.depth()
	s.acc = resize(s.acc, n*stride)
	whole := hi*tileRows <= w.rows
	size := ops.panelWords(w.format) * tileRows
	s.panel8 = resize(s.panel8, panelTiles*size)
	panel, product := s.panel8, ops.fastBlock4
	if w.format == Int8 {
		product = ops.fastBlock8
	}
	words, tileWords := w.tileRange(lo, hi), w.tileWords()
	scales, tileScales := w.scaleRange(lo, hi), w.tileScales()
	from, fromStride := zeros[:], 0
	for b, at := 0, 0; at < depth; b, at = b+1, at+block {
		part := at % blockK // of the panel's block of K
		if part == 0 {
			k := min(blockK, depth-at)
			for t := range tiles {
				lines, words := panel[t*size:][:size*k/blockK], words[t*tileWords+at/8*layout.Words8():][:k/8*layout.Words8()]
				if w.format == Int8 {
					ops.fastExpand8(lines, words)
				} else {
					ops.fastExpand4(lines, words, &w.code.int8)
				}
			}
		}
		y, yStride := s.acc, stride
		if whole && at+block == depth {
			y, yStride = j.Y[lo*tileRows:], w.rows
		}
		product(y, yStride, from, fromStride, panel[part*size/blockK:], size, q.words[at/blockK*n*blockWords+part/4:],
			q.scaled[b*n:], q.starts[b*n:], scales[b*tileRows:], tileScales, block, n, tiles)
		from, fromStride = y, yStride
	}
	in.addOutliers(w, from, fromStride, lo, hi)
	if !whole {
		j.store(s.acc, n, lo, hi)
	}
}

// outlierWords is how many words of tiles stay in cache from the product of
// codes to that of outliers.
const outlierWords = 1 << 15

// zeros are what sums of panelTiles tiles begin with.
var zeros [panelTiles * tileRows]float32

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
		from := b*reach + column
		fastBlockGo(out, 0, out, 0, panel[:], 0, x[from*blockWords:], xScales[from:], nil, scales[at*tileRows:], 0, blockK, 1, 1)
	}
}

// fastVector8Go is fastOps.fastVector8.
func fastVector8Go(y []float32, stride int, words []uint32, scales []float32,
	x []uint32, xScales []float32, _ []int32, reach, n, depth, tiles int, _ *[16]int8) {
	const step = int8Block / 4 * tileRows
	blocks := depth / int8Block
	for i := range n * tiles * blocks {
		column, tile, b := i/(tiles*blocks), i/blocks%tiles, i%blocks
		out, at := y[column*stride+tile*tileRows:][:tileRows], tile*blocks+b
		if b == 0 {
			clear(out)
		}
		from := (b/2*reach+column)*blockWords + b%2*int8Block/4
		fastBlockGo(out, 0, out, 0, words[at*step:], 0, x[from:], xScales[b*reach+column:], nil, scales[at*tileRows:], 0, int8Block, 1, 1)
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
func fastBlockGo(y []float32, stride int, from []float32, fromStride int, panel []uint32, reach int, x []uint32, xScales []float32, _ []int32, scales []float32, scaleReach, k, n, tiles int) {
	for t := range tiles {
		panel, scales := panel[t*reach:], scales[t*scaleReach:]
		for c := range n {
			var s [tileRows]int32
			for i := range k / 4 {
				v, w := x[c*blockWords+i], (*[tileRows]uint32)(panel[i*tileRows:])
				for r := range s {
					s[r] = dot4(s[r], w[r], v)
				}
			}
			out, in := y[c*stride+t*tileRows:][:tileRows], from[c*fromStride+t*tileRows:][:tileRows]
			for r := range s {
				out[r] = fma32(scales[r]*xScales[c], float32(s[r]), in[r])
			}
		}
	}
}
