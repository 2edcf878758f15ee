package kernels

import (
	"fmt"
	"math"
)

// FourBit is a matrix of 4-bit codes in bitsandbytes' order: row after row,
// two codes a byte, the first in the high nibble; a scale for each BlockSize
// codes of the flattened matrix.
type FourBit struct {
	Rows, Cols int
	Format     Format // NF4 or FP4
	BlockSize  int    // a power of two ≥ 2
	Packed     []byte
	Code       *[16]float32
	// Absmax fills dst with the scales of the blocks firstBlock, … It may be
	// called concurrently.
	Absmax func(dst []float32, firstBlock int)
	Round  Format // what a weight code·absmax is rounded to: F32, BF16 or F16
}

// Pack4Bit packs q. Where runs of 64 along a row do not share a scale, as
// rows are no multiple of 64 or blocks are smaller, the weights are held
// dequantised, in q.Round.
func Pack4Bit(p *Pool, q FourBit) (*Weights, error) {
	k, ok := map[Format]kind{F32: kind4, BF16: kind4BF16, F16: kind4F16}[q.Round]
	switch {
	case !ok:
		return nil, fmt.Errorf("kernels: pack 4-bit weights rounded to %s", q.Round)
	case q.Format != NF4 && q.Format != FP4:
		return nil, fmt.Errorf("kernels: pack 4-bit weights as %s", q.Format)
	case q.BlockSize < 2 || q.BlockSize&(q.BlockSize-1) != 0:
		return nil, fmt.Errorf("kernels: pack 4-bit weights in blocks of %d", q.BlockSize)
	case q.Rows <= 0 || q.Cols <= 0 || q.Rows > math.MaxInt/q.Cols || len(q.Packed) != (q.Rows*q.Cols+1)/2:
		return nil, fmt.Errorf("kernels: pack %d bytes as %d × %d weights of 4 bits", len(q.Packed), q.Rows, q.Cols)
	}
	if q.dequantised() {
		return PackDense(p, q.Round, q.Rows, q.Cols, &q)
	}
	w, err := newWeights(k, q.Format, q.Rows, q.Cols)
	if err != nil {
		return nil, err
	}
	w.code = newCodebook(q.Code)
	p.Run(w.tiles(), 1, func(lo, hi int) {
		scales := make([]float32, q.Cols/blockK+1)
		for tile := lo; tile < hi; tile++ {
			for row := tile * tileRows; row < min((tile+1)*tileRows, q.Rows); row++ {
				w.pack4Row(row, &q, scales)
			}
		}
	})
	return w, nil
}

// spread has the two nibbles of a byte in the low nibbles of two bytes, the
// high one first.
var spread = func() (t [256]uint16) {
	for i := range t {
		t[i] = uint16(i>>4 | i&15<<8)
	}
	return t
}()

// pack4Row packs one row; scales is scratch for a row's.
func (w *Weights) pack4Row(row int, q *FourBit, scales []float32) {
	tile, lane := row/tileRows, row%tileRows
	src := q.Packed[row*q.Cols/2:][:q.Cols/2]
	dst := w.words[tile*w.tileWords()+lane:]
	for i := 0; i < len(src); i += 4 {
		first := uint32(spread[src[i]]) | uint32(spread[src[i+1]])<<16
		second := uint32(spread[src[i+2]]) | uint32(spread[src[i+3]])<<16
		dst[i/4*tileRows] = first | second<<4
	}
	from := row * q.Cols / q.BlockSize
	scales = scales[:((row+1)*q.Cols-1)/q.BlockSize+1-from]
	q.Absmax(scales, from)
	out := w.scales[tile*w.tileScales()+lane:]
	for b := range q.Cols / blockK {
		out[b*tileRows] = scales[(row*q.Cols+b*blockK)/q.BlockSize-from]
	}
}

// ReadRows dequantises rows: it makes a FourBit a RowReader.
func (q *FourBit) ReadRows(dst []float32, from int) error {
	at := from * q.Cols
	for len(dst) > 0 {
		block := at / q.BlockSize
		var scale [1]float32
		q.Absmax(scale[:], block)
		n := min((block+1)*q.BlockSize-at, len(dst))
		for i := range n {
			c := q.Packed[(at+i)/2] >> (4 * (1 - (at+i)%2)) & 15
			dst[i] = roundTo(q.Round, q.Code[c]*scale[0])
		}
		dst, at = dst[n:], at+n
	}
	return nil
}

// roundTo rounds v to a format of floating point.
func roundTo(f Format, v float32) float32 {
	switch f {
	case BF16:
		return math.Float32frombits(bf16Bits(v) << 16)
	case F16:
		return floatOf(uint16(f16Bits(v)))
	}
	return v
}
