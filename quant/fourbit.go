package quant

import (
	"fmt"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// FourBit is a weight in the NF4 or FP4 of bitsandbytes. Its blocks follow the
// flattened matrix: they cross rows where NumCols is no multiple of BlockSize,
// and the last block may be short. It implements [CodeMatrix].
//
// The slices may lie in a mapped file. Methods that return an error turn a fault
// into one, should that file shrink; code that reads the slices itself does so
// on a [FourBit.Clone].
type FourBit struct {
	NumRows, NumCols int          // outputs and inputs
	Quant            Format       // NF4 or FP4
	BlockSize        int          // a power of two from 32 to 4096
	Packed           []byte       // [⌈NumRows·NumCols/2⌉]: two codes a byte, the first in the high nibble
	Code             [16]float32  // the codebook
	Absmax           []float32    // the scale of each block; nil where Double has the scales
	Double           *DoubleQuant // nil where Absmax has the scales
	State            Format       // F32, BF16 or F16: what a weight is rounded to
}

// DoubleQuant holds the scales of a [FourBit] in codes of 8 bits. The scale of
// block i is Code[AbsmaxCodes[i]]·Absmax[i/BlockSize] + Offset.
type DoubleQuant struct {
	AbsmaxCodes []byte       // a code for each block of weights
	Code        [256]float32 // the codebook
	Absmax      []float32    // a scale for each BlockSize codes
	Offset      float32
	BlockSize   int
}

// Rows returns the number of outputs.
func (q *FourBit) Rows() int { return q.NumRows }

// Cols returns the number of inputs.
func (q *FourBit) Cols() int { return q.NumCols }

// Format returns NF4 or FP4.
func (q *FourBit) Format() Format { return q.Quant }

// blocks returns the number of blocks, each of which has a scale.
func (q *FourBit) blocks() int { return ceilDiv(q.NumRows*q.NumCols, q.BlockSize) }

// scales writes the scales of the blocks firstBlock, firstBlock+1, … to dst.
func (q *FourBit) scales(dst []float32, firstBlock int) {
	d := q.Double
	if d == nil {
		copy(dst, q.Absmax[firstBlock:firstBlock+len(dst)])
		return
	}
	for i, code := range d.AbsmaxCodes[firstBlock : firstBlock+len(dst)] {
		dst[i] = float32(d.Code[code]*d.Absmax[(firstBlock+i)/d.BlockSize]) + d.Offset
	}
}

// ReadRows implements Matrix.
func (q *FourBit) ReadRows(dst []float32, from int) error {
	if err := checkRows(q, len(dst), from); err != nil {
		return err
	}
	return mmap.Guard(func() error {
		q.decode(dst, from*q.NumCols)
		return nil
	})
}

// decode dequantises the weights at, at+1, … of the flattened matrix, as many as
// dst has room for.
func (q *FourBit) decode(dst []float32, at int) {
	var scales [64]float32
	first, end := 0, 0 // scales has those of the blocks [first, end)
	for len(dst) > 0 {
		block := at / q.BlockSize
		if block >= end {
			first = block
			end = min(first+len(scales), q.blocks())
			q.scales(scales[:end-first], first)
		}
		var value [16]float32
		for i, code := range q.Code {
			value[i] = code * scales[block-first]
		}
		Round(q.State, value[:])
		n := min((block+1)*q.BlockSize-at, len(dst))
		expand(dst[:n], q.Packed, at, &value)
		dst, at = dst[n:], at+n
	}
}

// expand looks the nibbles at, at+1, … of packed up in value.
func expand(dst []float32, packed []byte, at int, value *[16]float32) {
	if at%2 == 1 {
		dst[0] = value[packed[at/2]&15]
		dst, at = dst[1:], at+1
	}
	packed = packed[at/2:]
	pairs := len(dst) / 2
	for i, b := range packed[:pairs] {
		dst[2*i] = value[b>>4]
		dst[2*i+1] = value[b&15]
	}
	if len(dst)%2 == 1 {
		dst[len(dst)-1] = value[packed[pairs]>>4]
	}
}

// Clone returns a copy that shares no memory with q, nor with a mapped file.
func (q *FourBit) Clone() (*FourBit, error) {
	c := *q
	err := mmap.Guard(func() error {
		c.Packed = slices.Clone(q.Packed)
		c.Absmax = slices.Clone(q.Absmax)
		if q.Double != nil {
			d := *q.Double
			d.AbsmaxCodes = slices.Clone(d.AbsmaxCodes)
			d.Absmax = slices.Clone(d.Absmax)
			c.Double = &d
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// Check returns a *badinput.Error for fields that contradict each other, for
// block sizes and formats that bitsandbytes does not have, and for scales or a
// codebook that are not finite.
func (q *FourBit) Check() error {
	if q.Quant != NF4 && q.Quant != FP4 {
		return badinput.New("", "quant_type", q.Quant.String(), "NF4 or FP4")
	}
	if q.State != F32 && q.State != BF16 && q.State != F16 {
		return badinput.New("", "dtype", q.State.String(), "F32, BF16 or F16")
	}
	if err := checkBlockSize("blocksize", q.BlockSize); err != nil {
		return err
	}
	n, err := elements(q.NumRows, q.NumCols)
	if err != nil {
		return err
	}
	if err := checkLen("packed weight", len(q.Packed), ceilDiv(n, 2)); err != nil {
		return err
	}
	if !finite(q.Code[:]) {
		return badinput.New("", "quant_map", "NaN or infinity", "finite numbers")
	}
	if err := q.checkScales(); err != nil {
		return err
	}
	return mmap.Guard(q.checkFinite)
}

func (q *FourBit) checkScales() error {
	d := q.Double
	if d == nil {
		return checkLen("absmax", len(q.Absmax), q.blocks())
	}
	if q.Absmax != nil {
		return badinput.New("", "absmax", "both plain and double-quantised scales", "one of them")
	}
	if err := checkBlockSize("nested_blocksize", d.BlockSize); err != nil {
		return err
	}
	if err := checkLen("absmax", len(d.AbsmaxCodes), q.blocks()); err != nil {
		return err
	}
	return checkLen("nested_absmax", len(d.Absmax), ceilDiv(q.blocks(), d.BlockSize))
}

// checkFinite decodes all scales and refuses NaN and infinity.
func (q *FourBit) checkFinite() error {
	var scales [4096]float32
	for at := 0; at < q.blocks(); at += len(scales) {
		part := scales[:min(len(scales), q.blocks()-at)]
		q.scales(part, at)
		if !finite(part) {
			return badinput.New("", "absmax", "NaN or infinity", "finite scales")
		}
	}
	return nil
}

func checkBlockSize(field string, n int) error {
	if n < 32 || n > 4096 || n&(n-1) != 0 {
		return badinput.New("", field, fmt.Sprint(n), "a power of two from 32 to 4096")
	}
	return nil
}

func checkLen(field string, n, want int) error {
	if n != want {
		return badinput.New("", field, fmt.Sprintf("%d entries", n), fmt.Sprint(want))
	}
	return nil
}

// finite says whether all numbers of v are finite.
func finite(v []float32) bool {
	return !slices.ContainsFunc(v, notFinite)
}

func notFinite(v float32) bool { return math.Float32bits(v)&0x7f800000 == 0x7f800000 }

// ceilDiv returns a/b rounded up, for a ≥ 0.
func ceilDiv(a, b int) int {
	q := a / b
	if q*b < a {
		q++
	}
	return q
}
