package quant

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/parallel"
)

// FourBitOptions say how to quantise. The zero value asks for NF4 in blocks of 64
// with scales in float32 and weights that are read as float32.
type FourBitOptions struct {
	Quant     Format   // NF4 (default) or FP4
	BlockSize int      // a power of two from 32 to 4096; default 64
	Double    bool     // whether the scales get codes of 8 bits
	Offset    *float32 // what Double subtracts from the scales; nil: their mean
	State     Format   // F32 (default), BF16 or F16: what a weight is rounded to when it is read
}

// nestedBlockSize is how many scales share a scale in double quantisation.
const nestedBlockSize = 256

// Quantize4Bit quantises src as quantize_4bit of bitsandbytes does on CPUs, bit
// by bit. It works in parallel and holds a few rows of src at a time. The one
// thing that bitsandbytes leaves open is the mean that double quantisation
// subtracts from the scales: here it is summed in float64, and torch's sum
// depends on the machine. Weights that are NaN or infinite, and options that
// bitsandbytes does not have, are a *badinput.Error.
func Quantize4Bit(src Matrix, o FourBitOptions) (*FourBit, error) {
	if o.Quant == Invalid {
		o.Quant = NF4
	}
	if o.BlockSize == 0 {
		o.BlockSize = 64
	}
	if o.State == Invalid {
		o.State = F32
	}
	n, err := elements(src.Rows(), src.Cols())
	if err != nil {
		return nil, err
	}
	if err := checkBlockSize("blocksize", o.BlockSize); err != nil {
		return nil, err
	}
	q := &FourBit{
		NumRows: src.Rows(), NumCols: src.Cols(), Quant: o.Quant, BlockSize: o.BlockSize,
		Packed: make([]byte, ceilDiv(n, 2)), Code: codeOf(o.Quant),
		Absmax: make([]float32, ceilDiv(n, o.BlockSize)), State: o.State,
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	if err := q.fill(src); err != nil {
		return nil, err
	}
	if o.Double {
		q.doubleQuantize(o.Offset)
	}
	return q, nil
}

// fill writes the codes and scales of src to Packed and Absmax.
func (q *FourBit) fill(src Matrix) error {
	nearest := nearestOf(q.Quant)
	cols := q.NumCols
	n := q.NumRows * cols
	blocks := ceilDiv(max(1<<16, cols), q.BlockSize)
	return parallel.For(len(q.Absmax), blocks, func(lo, hi int) error {
		first, last := lo*q.BlockSize, min(hi*q.BlockSize, n)
		row := first / cols
		rows := make([]float32, (ceilDiv(last, cols)-row)*cols)
		if err := src.ReadRows(rows, row); err != nil {
			return err
		}
		x := rows[first-row*cols : last-row*cols]
		for i := lo; i < hi; i++ {
			size := min(q.BlockSize, len(x))
			q.Absmax[i] = nearest.block(q.Packed[i*q.BlockSize/2:], x[:size], size == q.BlockSize)
			if notFinite(q.Absmax[i]) {
				at := i*q.BlockSize + slices.IndexFunc(x, notFinite)
				return badinput.New("", fmt.Sprintf("row %d, column %d", at/cols, at%cols), "NaN or infinity", "a finite weight")
			}
			x = x[size:]
		}
		return nil
	})
}

// tiny is the least number that a block is divided by: it may be all zeros.
const tiny = 1e-38

// block quantises x, one block, into packed and returns its scale. whole says
// that the block is not a short one.
func (c *nearest) block(packed []byte, x []float32, whole bool) float32 {
	absmax := maxMagnitude(x)
	if notFinite(absmax) {
		return absmax
	}
	inverse := 1 / max(absmax, tiny)
	if !whole {
		// bitsandbytes treats the short block at the end apart: it divides
		// by the scale, which is at least tiny.
		absmax = max(absmax, tiny)
		for i, v := range x {
			x[i] = v / absmax
		}
		inverse = 1
	}
	pairs := len(x) / 2
	for i := range packed[:pairs] {
		packed[i] = c.index(x[2*i]*inverse)<<4 | c.index(x[2*i+1]*inverse)
	}
	if len(x)%2 == 1 {
		packed[pairs] = c.index(x[len(x)-1]*inverse)<<4 | c.index(0)
	}
	return absmax
}

// maxMagnitude returns the largest magnitude in x, NaN or infinity if there is one.
func maxMagnitude(x []float32) float32 {
	var bits uint32 // magnitudes order as their bits do, NaN last
	for _, v := range x {
		bits = max(bits, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(bits)
}

// nearest finds the code whose value is nearest to a number from -1 to 1 (or one
// rounding beyond). It counts the middles between neighbouring values of the
// codebook that lie below the number; on a middle the lower value wins.
type nearest struct {
	middle [16]float32 // in ascending order; the last is above every number
	code   [16]byte    // the code of a number above the first i middles
	// passed has the number of middles below each of 1,024 equal steps from
	// -1 to 1, which are so narrow that no step holds two middles.
	passed [steps + 1]byte
}

const steps = 1024

// nearestOf returns the nearest of NF4 or FP4, made when first asked for.
var nearestOf = func() func(Format) *nearest {
	nf4 := sync.OnceValue(func() *nearest { return newNearest(nf4Code) })
	fp4 := sync.OnceValue(func() *nearest { return newNearest(fp4Code) })
	return func(f Format) *nearest {
		if f == FP4 {
			return fp4()
		}
		return nf4()
	}
}()

func newNearest(code [16]float32) *nearest {
	c := &nearest{}
	for i := range c.code {
		c.code[i] = byte(i)
	}
	slices.SortStableFunc(c.code[:], func(a, b byte) int {
		switch {
		case code[a] < code[b]:
			return -1
		case code[a] > code[b]:
			return 1
		}
		return 0
	})
	for i := range 15 {
		c.middle[i] = (code[c.code[i]] + code[c.code[i+1]]) / 2
	}
	c.middle[15] = 2
	const margin = 1e-6 // more than index loses by rounding v+1
	for i := range c.passed {
		for float64(c.middle[c.passed[i]]) < float64(i)*2/steps-1-margin {
			c.passed[i]++
		}
	}
	return c
}

// index returns the code nearest to v.
func (c *nearest) index(v float32) byte {
	i := c.passed[int((v+1)*(steps/2))]
	if v > c.middle[i&15] {
		i++
	}
	return c.code[i&15]
}

// doubleQuantize replaces the scales by codes of 8 bits.
func (q *FourBit) doubleQuantize(offset *float32) {
	d := &DoubleQuant{
		AbsmaxCodes: make([]byte, len(q.Absmax)),
		Code:        *dynamicCode(),
		Absmax:      make([]float32, ceilDiv(len(q.Absmax), nestedBlockSize)),
		BlockSize:   nestedBlockSize,
	}
	if offset != nil {
		d.Offset = *offset
	} else {
		var sum float64
		for _, v := range q.Absmax {
			sum += float64(v)
		}
		d.Offset = float32(sum / float64(len(q.Absmax)))
	}
	index := dynamicIndex()
	for i := range d.Absmax {
		first := i * nestedBlockSize
		scales := q.Absmax[first:min(first+nestedBlockSize, len(q.Absmax))]
		var absmax float32
		for _, v := range scales {
			absmax = max(absmax, v-d.Offset, d.Offset-v)
		}
		d.Absmax[i] = absmax
		if absmax == 0 {
			continue
		}
		inverse := 1 / absmax
		for j, v := range scales {
			scaled := (v - d.Offset) * inverse
			d.AbsmaxCodes[first+j] = nearestDynamic(index, min(max(scaled, -1), 1))
		}
	}
	q.Absmax, q.Double = nil, d
}
