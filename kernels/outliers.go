package kernels

import (
	"math"
	"math/bits"
)

// Few activations are much greater than the others of their row, and the scale
// of a block with one leaves little precision to its other 63. Such outliers
// are therefore multiplied in float32, and count as zeros among the codes:
// those greater than outlierShare times what 127 stands for in the harmonic mean
// of the row's scales. (LLM.int8() of Dettmers et al., 2022, does so with whole
// channels, by a fixed threshold.)
const outlierShare = 2

// outlier is an activation of a row.
type outlier struct {
	channel int32 // along K
	x       float32
}

// outliers are those of an input, as many of a row as it has blocks.
type outliers struct {
	most  int
	count []int32   // [n]
	found []outlier // [n][most]

	// The same by channel, ascending, and then by column.
	channels []outlierChannel
	columns  []uint32
	x        []float32

	counts []int32  // [k], zeros between uses
	seen   []uint64 // a bit for each channel, likewise
}

// outlierChannel says where the columns of a channel lie.
type outlierChannel struct{ channel, from, to int32 }

// reset makes room for the outliers of n rows of k.
func (o *outliers) reset(n, k, blocks int) {
	o.most = blocks
	o.count, o.found = resize(o.count, n), resize(o.found, n*blocks)
	o.counts, o.seen = resize(o.counts, k), resize(o.seen, blocks)
}

// takeOutliers rounds the blocks of a row that have outliers again, without
// these. Scratch is of a block.
func (in *Input) takeOutliers(row int, scratch []float32) {
	q, n, blocks := &in.codes, in.n, in.codes.outliers.most
	q.outliers.count[row] = 0
	sum, scaled := 0., 0.
	for b := range blocks {
		if s := q.scales[b*n+row]; s != 0 {
			sum, scaled = sum+1/float64(s), scaled+1
		}
	}
	// Not a number if there are only zeros, or what is not finite.
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
	o.columns, o.x = resize(o.columns, int(total)), resize(o.x, int(total))
	for row, count := range o.count {
		for _, f := range o.found[row*o.most:][:count] {
			i := o.counts[f.channel]
			o.columns[i], o.x[i] = uint32(row), f.x
			o.counts[f.channel] = i + 1
		}
	}
	for _, c := range o.channels {
		o.counts[c.channel] = 0
	}
}

// addOutliers adds the products of the tiles [lo, hi) with outliers to y, a row
// of a stride for each column.
func (in *Input) addOutliers(w *Weights, y []float32, stride, lo, hi int) {
	o := &in.codes.outliers
	if len(o.channels) == 0 {
		return
	}
	block := w.kind.Form().Block
	words, tileWords := w.tileRange(lo, hi), w.tileWords()
	scales, tileScales := w.scaleRange(lo, hi), w.tileScales()
	for _, c := range o.channels {
		k := int(c.channel)
		step, shift, add := 4, k%4*8, in.ops.addChannel8
		if w.code != nil {
			step, shift, add = 8, nibbleShift(k), in.ops.addChannel4
		}
		add(y, stride, words[k/step*tileRows:], tileWords, scales[k/block*tileRows:], tileScales, shift, hi-lo,
			o.columns[c.from:c.to], o.x[c.from:c.to], w.code.look())
	}
}

// addChannelFunc adds a channel's products with activations x of some columns
// to y: for each tile t, column c of columns and row r
//
//	y[c·stride + t·16 + r] += (scales[t·scaleReach + r]·w)·x     fused
//
// where w is the code in the words[t·reach + r] from the bit shift on.
type addChannelFunc func(y []float32, stride int, words []uint32, reach int, scales []float32, scaleReach, shift, tiles int,
	columns []uint32, x []float32, code *lookup)

// addChannel4Go is fastOps.addChannel4.
func addChannel4Go(y []float32, stride int, words []uint32, reach int, scales []float32, scaleReach, shift, tiles int,
	columns []uint32, x []float32, code *lookup) {
	for i := range tiles * tileRows {
		t, r := i/tileRows, i%tileRows
		w := scales[t*scaleReach+r] * code[words[t*reach+r]>>shift&15]
		addWeight(y[i:], stride, w, columns, x)
	}
}

// addChannel8Go is fastOps.addChannel8.
func addChannel8Go(y []float32, stride int, words []uint32, reach int, scales []float32, scaleReach, shift, tiles int,
	columns []uint32, x []float32, _ *lookup) {
	for i := range tiles * tileRows {
		t, r := i/tileRows, i%tileRows
		w := scales[t*scaleReach+r] * float32(int8(words[t*reach+r]>>shift))
		addWeight(y[i:], stride, w, columns, x)
	}
}

// addWeight adds the products of a weight with x to the first value of columns.
func addWeight(y []float32, stride int, w float32, columns []uint32, x []float32) {
	for i, c := range columns {
		v := &y[int(c)*stride]
		*v = fma32(w, x[i], *v)
	}
}
