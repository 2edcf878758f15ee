package kernels

import (
	"math"
	"math/bits"
)

// Few activations are much greater than the others of their row, and the scale
// of a block with one leaves little precision to its other 63. Such outliers
// are therefore multiplied in float32, and count as zeros among the codes. An
// activation is an outlier if it is greater than outlierShare·127·h, h being the
// harmonic mean of the row's scales (127·scale is mostly the greatest of a block):
//
//	greatest of the blocks of a row    1    1    1    9
//	harmonic mean                      1.29
//	outliers are above                 2.57: in the last block
//
// (LLM.int8() of Dettmers et al., 2022, does so with whole channels, by a fixed
// threshold.)
const outlierShare = 2

// outlier is an activation of a token that is multiplied in float32.
type outlier struct {
	channel int32 // along K
	x       float32
}

// outliers holds the outliers of an input, first by token, then by channel.
type outliers struct {
	most  int       // outliers of a token at most: as many as it has blocks of K
	count []int32   // [n]
	found []outlier // [n][most], of which count are set

	// The same by channel, ascending, and then by token.
	channels []outlierChannel
	tokens   []uint32
	x        []float32

	// Scratch of sort, zeros between uses.
	counts []int32  // [k]: outliers of a channel, then where they begin
	seen   []uint64 // a bit for each channel that has an outlier
}

// outlierChannel says where the tokens that have an outlier in a channel lie in
// outliers.tokens and outliers.x: [from, to).
type outlierChannel struct{ channel, from, to int32 }

// reset makes room for the outliers of n rows of k.
func (o *outliers) reset(n, k, blocks int) {
	o.most = blocks
	o.count, o.found = resize(o.count, n), resize(o.found, n*blocks)
	o.counts, o.seen = resize(o.counts, k), resize(o.seen, blocks)
}

// takeOutliers finds the outliers of a row of x, and rounds the blocks that have
// any again, with zeros in their places. The scratch has room for a block.
func (in *Input) takeOutliers(row int, scratch []float32) {
	q, n := &in.codes, in.n
	blocks := q.outliers.most
	q.outliers.count[row] = 0
	sum, scaled := 0., 0.
	for b := range blocks {
		if s := q.scales[b*n+row]; s != 0 {
			sum, scaled = sum+1/float64(s), scaled+1
		}
	}
	// The limit is not a number if all of the row are zeros, or one is not finite.
	limit := float32(outlierShare * 127 * scaled / sum)
	if !(limit < math.MaxFloat32) {
		return
	}
	most := math.Float32bits(limit)
	x, found := in.x[row*in.k:][:in.k], q.outliers.found[row*blocks:][:blocks]
	count := 0
	for b := range blocks {
		if 127*q.scales[b*n+row] <= limit {
			continue
		}
		rest := scratch[:copy(scratch, x[b*blockK:])]
		before := count
		for i, v := range rest {
			if math.Float32bits(v)&^(1<<31) > most && count < len(found) {
				found[count] = outlier{int32(b*blockK + i), v}
				rest[i] = 0
				count++
			}
		}
		if count > before {
			in.ops.quantise(q.words[(b*n+row)*blockWords:], q.scales[b*n+row:], q.sums[2*b*n+row:], rest, n)
		}
	}
	q.outliers.count[row] = int32(count)
}

// sort arranges the outliers by channel.
func (o *outliers) sort() {
	total := int32(0)
	for row, count := range o.count {
		total += count
		for _, f := range o.found[row*o.most:][:count] {
			o.counts[f.channel]++
			o.seen[f.channel/64] |= 1 << (f.channel % 64)
		}
	}
	o.channels = o.channels[:0]
	if total == 0 {
		return
	}
	at := int32(0)
	for i, seen := range o.seen {
		for ; seen != 0; seen &= seen - 1 {
			c := int32(64*i + bits.TrailingZeros64(seen))
			from := at
			at += o.counts[c]
			o.counts[c] = from
			o.channels = append(o.channels, outlierChannel{c, from, at})
		}
		o.seen[i] = 0
	}
	o.tokens, o.x = resize(o.tokens, int(total)), resize(o.x, int(total))
	for row, count := range o.count {
		for _, f := range o.found[row*o.most:][:count] {
			i := o.counts[f.channel]
			o.tokens[i], o.x[i] = uint32(row), f.x
			o.counts[f.channel] = i + 1
		}
	}
	for _, c := range o.channels {
		o.counts[c.channel] = 0
	}
}

// addOutliers adds the products of the tiles [lo, hi) with outliers to y, a row
// of yStride for each token.
func (in *Input) addOutliers(s *scratch, w *Weights, y []float32, yStride, lo, hi int) {
	o := &in.codes.outliers
	if len(o.channels) == 0 {
		return
	}
	if w.groups != nil {
		in.addOutliersU4(s, w, y, yStride, lo, hi)
		return
	}
	block := w.form().Block
	words, scales := w.tileRange(lo, hi), w.scaleRange(lo, hi)
	a := &s.args.channel
	*a = channelArgs{
		y: y, yStride: yStride, wordStride: w.tileWords(), scaleStride: w.tileScales(), tiles: hi - lo, code: w.code.look(),
	}
	for _, c := range o.channels {
		k, step := int(c.channel), 4 // steps of K in a word
		a.shift = k % 4 * 8
		if w.code != nil {
			step, a.shift = 8, nibbleShift(k)
		}
		a.words = words[k/step*tileRows:]
		a.scales = scales[k/block*tileRows:]
		a.tokens, a.x = o.tokens[c.from:c.to], o.x[c.from:c.to]
		in.ops.addChannel[w.kind](a)
	}
}

// addOutliersU4 is addOutliers of kinds with zeros: groups are opened for a few tiles
// at a time.
func (in *Input) addOutliersU4(s *scratch, w *Weights, y []float32, yStride, lo, hi int) {
	o := &in.codes.outliers
	for ; lo < hi; lo += panelTiles {
		end := min(lo+panelTiles, hi)
		a := &s.args.channel
		*a = channelArgs{
			y: y, yStride: yStride, wordStride: w.tileWords(), scales: s.opened.scales[:], zeros: s.opened.zeros[:],
			scaleStride: tileRows, tiles: end - lo,
		}
		s.opened.at = -1
		for _, c := range o.channels {
			k := int(c.channel)
			w.open(s, in.ops, lo, end, k)
			a.words, a.shift = w.tileRange(lo, end)[k/8*tileRows:], nibbleShift(k)
			a.tokens, a.x = o.tokens[c.from:c.to], o.x[c.from:c.to]
			in.ops.addChannel[w.kind](a)
		}
		y = y[min((end-lo)*tileRows, len(y)):]
	}
}

// addChannel4Go is fastOps.addChannel of kinds with a codebook. It adds a channel's
// products with the outliers x of some tokens to y: for each tile t, index i of tokens
// and row r
//
//	y[tokens[i]·yStride + t·16 + r] += (scales[t·scaleStride + r]·w)·x[i]     fused
//
// where w is the value in the codebook of the code in words[t·wordStride + r] whose first
// bit is shift.
func addChannel4Go(a *channelArgs) {
	for i := range a.tiles * tileRows {
		t, r := i/tileRows, i%tileRows
		a.addWeight(i, a.scales[t*a.scaleStride+r]*a.code[a.words[t*a.wordStride+r]>>a.shift&15])
	}
}

// addChannel8Go is addChannel4Go of int8 codes.
func addChannel8Go(a *channelArgs) {
	for i := range a.tiles * tileRows {
		t, r := i/tileRows, i%tileRows
		a.addWeight(i, a.scales[t*a.scaleStride+r]*float32(int8(a.words[t*a.wordStride+r]>>a.shift)))
	}
}

// addWeight adds the products of a weight with x to output i of the tokens.
func (a *channelArgs) addWeight(i int, w float32) {
	for j, token := range a.tokens {
		y := &a.y[int(token)*a.yStride+i]
		*y = fma32(w, a.x[j], *y)
	}
}
