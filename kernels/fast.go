package kernels

import "github.com/medner/medner/internal/kinds"

// Products of integers, for Input.Fast. Activations are codes from -127 to
// 127 with a scale for each 64 along K. Weights are int8 codes too: the values
// of a 4-bit codebook are rounded to 86ths of its greatest value. Sums over a
// block are exact, whatever the instructions, so that variants differ in speed
// only. The few activations that are far greater than the others are multiplied
// in float32, see outliers.
//
// AVX2 multiplies unsigned codes of weights by signed codes of activations and
// sums the products of four steps of K (k, k+1, k+4 and k+5) in 16 bits, that is
// up to 32767. So 86 is added to the codes of 4-bit weights, which makes them 0
// to 172; and activations are scaled so that of those four neither the positive
// sum nor the negative sum exceeds 190:
//
//	weights       172  172  172  172      (86 + 86 each)
//	activations    95   95    0    0      the positive sum is 190
//	sum of products = 172·190 = 32680     fits
//
// Activations rarely come near: the greatest of a block mostly sets its scale. Of
// the codebooks that leave room for such activations, 86ths fit NF4 best.
//
// Codes of U4 are unsigned as they are, and its sums exact without rounding a weight:
//
//	Σ (code − zero)·x = Σ code·x − zero·Σ x

// integer says whether the weights have a product of integers.
func (w *Weights) integer() bool { return w.form().Scaled() }

// codeScale is the factor of the scales of x for these weights: a code of a
// codebook is an 86th of its greatest value, which is therefore a factor of all.
func (w *Weights) codeScale() float32 {
	if w.code != nil {
		return w.code.scale
	}
	return 1
}

// fastOps are the kernels over integers that come in variants. Their
// activations are n tokens, by blocks along K: 64 codes of each token, [n][16]
// words of four; and the scales and starts of each block of the weights, [n].
type fastOps struct {
	// quantise rounds x, one of n tokens.
	quantise func(words []uint32, scales []float32, sums []int32, x []float32, n int)

	// fastVector multiplies packed tiles by at most fastVectorTokens tokens: 16
	// outputs a tile.
	fastVector       [kinds.Count]func(*fastVectorArgs)
	fastVectorTokens int
	// fastFew is up to how many tokens fastVector beats fastExpand and fastBlock.
	fastFew [kinds.Count]int

	// fastExpand makes codes of some steps of K of one tile for fastBlock4 or, of
	// int8, fastBlock8: [k/4][row], four a word as int8 weights are packed; of int8
	// where masked is set, magnitudes and masks that only fastBlock8 understands.
	// code is the codebook's, and in kinds with zeros the rows' zeros.
	fastExpand [kinds.Count]fastExpandFunc
	masked     bool
	// fastBlock4 and fastBlock8 multiply expanded tiles by n tokens over k steps
	// of K: for each tile t, token c and row r
	//
	//	s = Σ_i panel[t·panelStride + i·16 + r]·x[c·64 + i]     exact
	//	y[c·yStride + t·16 + r] = from[c·fromStride + t·16 + r] +
	//	        (scales[t·scaleStride + r]·xScales[c])·s     fused
	fastBlock4, fastBlock8 func(*fastBlockArgs)

	// addChannel adds the products of tiles with the outliers of a channel.
	addChannel [kinds.Count]func(*channelArgs)

	// raised4 and raised8 are what the kernels add to codes of weights to make
	// them unsigned. Sums begin at starts, -raised·Σx, to make up for it:
	//
	//	Σ (w + 86)·x - 86·Σ x = Σ w·x
	//
	// Kernels of fastVector for kinds with zeros multiply starts, -Σx, by the zeros.
	raised4, raised8 int32 // of fastBlock4 and fastBlock8
	few4, few8       int32 // of fastVector
}

type fastExpandFunc func(panel []uint32, words []uint32, code *[16]int8)

// raised returns the factor of -Σx in starts, for products with many tokens or few.
func (o *fastOps) raised(k kinds.Kind, many bool) int32 {
	switch {
	case k == kinds.Int8 && many:
		return o.raised8
	case k == kinds.Int8:
		return o.few8
	case many:
		return o.raised4
	case k.Form().Zeros:
		return 1
	}
	return o.few4
}

// blockWords is the words of a block of codes.
const blockWords = blockK / 4

// panelWords is the number of words that a row of a panel has for a block of K.
func (o *fastOps) panelWords(f Format) int {
	if o.masked && f == Int8 {
		return 2 * (blockWords + 1) // for each 32 along K: sums, then magnitudes and masks
	}
	return blockWords
}

// fewTokens returns fastFew: limits for weights of 4 bits and of int8.
func fewTokens(bits4, int8 int) (few [kinds.Count]int) {
	for k := range kinds.Count {
		if few[k] = bits4; k == kinds.Int8 {
			few[k] = int8
		}
	}
	return few
}

var fastScalar = func() fastOps {
	ops := fastOps{quantise: quantiseGo, fastVectorTokens: 1, fastFew: fewTokens(1, 1), fastBlock4: fastBlockGo, fastBlock8: fastBlockGo}
	for k := range kinds.Count {
		switch f := k.Form(); {
		case k == kinds.Int8:
			ops.fastVector[k], ops.fastExpand[k], ops.addChannel[k] = fastVector8Go, fastExpand8Go, addChannel8Go
		case f.Zeros:
			ops.fastVector[k], ops.fastExpand[k], ops.addChannel[k] = fastVectorU4Go(f.Block), fastExpandU4Go, addChannelU4Go
		case f.Codebook:
			ops.fastVector[k], ops.fastExpand[k], ops.addChannel[k] = fastVector4Go, fastExpand4Go, addChannel4Go
		}
	}
	return ops
}()

// fastVector computes the tiles [lo, hi) of the product of codes with few tokens.
func (in *Input) fastVector(s *scratch, j *job, lo, hi int) {
	w, q := j.W, &in.codes
	product, code := in.ops.fastVector[w.kind], (*[16]int8)(nil)
	if w.code != nil {
		code = &w.code.int8
	}
	step := hi - lo
	if len(q.outliers.channels) > 0 {
		step = max(in.ops.vectorTiles, outlierWords/w.tileWords())
	}
	in.eachGroup(s, j, lo, hi, step, in.ops.fastVectorTokens, func(y []float32, yStride, lo, hi, c, n int) {
		s.args.fastVector = fastVectorArgs{
			y: y[c*yStride:], yStride: yStride, words: w.tileRange(lo, hi), scales: w.scaleRange(lo, hi),
			x: q.words[c*blockWords:], xScales: q.scaled[c:], starts: q.starts[c:], xStride: in.n,
			n: n, k: w.depth(), tiles: hi - lo, code: code,
		}
		if a := &s.args.fastVector; w.groups != nil {
			a.groups, a.tileGroups, a.group, a.scale = w.groupRange(lo, hi), w.tileGroups(), w.steps, int(w.scale)
		}
		product(&s.args.fastVector)
		if c+n == in.n {
			in.addOutliers(s, w, y, yStride, lo, hi)
		}
	})
}

// fastMatrix computes the tiles [lo, hi), at most panelTiles, of the product of
// codes with all tokens. Sums begin with zeros, and end in y if there is room
// for the whole of the last tile.
func (in *Input) fastMatrix(s *scratch, j *job, lo, hi int) {
	w, ops, q := j.W, in.ops, &in.codes
	f, depth := w.form(), w.depth()
	n, tiles := in.n, hi-lo
	stride := tiles * tileRows
	s.acc = resize(s.acc, n*stride)
	whole := hi*tileRows <= w.rows
	s.opened.at = -1
	size := ops.panelWords(w.format) * tileRows
	s.panel8 = resize(s.panel8, panelTiles*size)
	product := ops.fastBlock4
	if w.format == Int8 {
		product = ops.fastBlock8
	}
	scales := w.scaleRange(lo, hi)
	a := &s.args.fastBlock
	*a = fastBlockArgs{
		from: zeros[:], panelStride: size, scaleStride: w.tileScales(), k: f.Block, n: n, tiles: tiles,
	}
	for b, at := 0, 0; at < depth; b, at = b+1, at+f.Block {
		part := at % blockK // of the panel's block of K
		if part == 0 || f.Zeros {
			w.expandCodes(s.panel8[part*size/blockK:], size, ops, lo, tiles, at)
		}
		a.y, a.yStride = s.acc, stride
		if whole && at+f.Block == depth {
			a.y, a.yStride = j.Y[lo*tileRows:], w.rows
		}
		a.panel = s.panel8[part*size/blockK:]
		if f.Zeros {
			w.open(s, ops, lo, hi, at)
			a.scales, a.scaleStride = s.opened.scales[:], tileRows
		} else {
			a.scales = scales[b*tileRows:]
		}
		a.x = q.words[at/blockK*n*blockWords+part/4:]
		a.xScales = q.scaled[b*n:]
		a.starts = q.starts[b*n:]
		product(a)
		a.from, a.fromStride = a.y, a.yStride
	}
	in.addOutliers(s, w, a.from, a.fromStride, lo, hi)
	if !whole {
		j.store(s.acc, n, lo, hi)
	}
}

// expandCodes expands 64 steps of K, or a block in kinds with zeros, from the step at
// on, of some tiles from lo on to panels of size words each.
func (w *Weights) expandCodes(panel []uint32, size int, ops *matrixOps, lo, tiles, at int) {
	k := min(blockK, w.depth()-at)
	if w.groups != nil {
		k = min(k, w.form().Block)
	}
	for t := range tiles {
		var code *[16]int8
		switch {
		case w.groups != nil:
			code = zerosOf(w.groupAt(lo+t, at))
		case w.code != nil:
			code = &w.code.int8
		}
		ops.fastExpand[w.kind](panel[t*size:][:size*k/blockK], w.wordsAt(lo+t, at, k), code)
	}
}

// outlierWords is the number of words of tiles that stay in cache between the
// product of codes and the product of outliers.
const outlierWords = 1 << 15

// zeros are the sums that panelTiles tiles begin with.
var zeros [panelTiles * tileRows]float32

// dot4 adds to s the products of four pairs of codes.
func dot4(s int32, a, b uint32) int32 {
	for range 4 {
		s += int32(int8(a)) * int32(int8(b))
		a, b = a>>8, b>>8
	}
	return s
}

// fastVector4Go is fastOps.fastVector of kinds with a codebook.
func fastVector4Go(a *fastVectorArgs) {
	const step = blockK / 8 * tileRows
	var panel [2 * step]uint32
	blocks := a.k / blockK
	for i := range a.n * a.tiles * blocks {
		token, tile, b := i/(a.tiles*blocks), i/blocks%a.tiles, i%blocks
		y, at := a.y[token*a.yStride+tile*tileRows:][:tileRows], tile*blocks+b
		if b == 0 {
			clear(y)
		}
		fastExpand4Go(panel[:], a.words[at*step:][:step], a.code)
		from := b*a.xStride + token
		fastBlockGo(&fastBlockArgs{
			y: y, from: y, panel: panel[:], x: a.x[from*blockWords:], xScales: a.xScales[from:],
			scales: a.scales[at*tileRows:], k: blockK, n: 1, tiles: 1,
		})
	}
}

// fastVector8Go is fastOps.fastVector of int8.
func fastVector8Go(a *fastVectorArgs) {
	const step = int8Block / 4 * tileRows
	blocks := a.k / int8Block
	for i := range a.n * a.tiles * blocks {
		token, tile, b := i/(a.tiles*blocks), i/blocks%a.tiles, i%blocks
		y, at := a.y[token*a.yStride+tile*tileRows:][:tileRows], tile*blocks+b
		if b == 0 {
			clear(y)
		}
		from := (b/2*a.xStride+token)*blockWords + b%2*int8Block/4
		fastBlockGo(&fastBlockArgs{
			y: y, from: y, panel: a.words[at*step:], x: a.x[from:], xScales: a.xScales[b*a.xStride+token:],
			scales: a.scales[at*tileRows:], k: int8Block, n: 1, tiles: 1,
		})
	}
}

// fastExpand4Go is fastOps.fastExpand of kinds with a codebook.
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

// fastExpand8Go is fastOps.fastExpand of int8.
func fastExpand8Go(panel []uint32, words []uint32, _ *[16]int8) { copy(panel, words) }

// fastBlockGo is fastOps.fastBlock4 and fastBlock8, of codes that are not raised.
func fastBlockGo(a *fastBlockArgs) {
	for t := range a.tiles {
		panel, scales := a.panel[t*a.panelStride:], a.scales[t*a.scaleStride:]
		for c := range a.n {
			var s [tileRows]int32
			for i := range a.k / 4 {
				v, w := a.x[c*blockWords+i], (*[tileRows]uint32)(panel[i*tileRows:])
				for r := range s {
					s[r] = dot4(s[r], w[r], v)
				}
			}
			y, from := a.y[c*a.yStride+t*tileRows:][:tileRows], a.from[c*a.fromStride+t*tileRows:][:tileRows]
			for r := range s {
				y[r] = fma32(scales[r]*a.xScales[c], float32(s[r]), from[r])
			}
		}
	}
}
