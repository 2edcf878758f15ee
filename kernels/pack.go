package kernels

import (
	"fmt"
	"math"
	"sync"

	"github.com/x448/float16"

	"github.com/medner/medner/internal/kinds"
)

// RowReader reads rows of a matrix as float32.
type RowReader interface {
	// ReadRows fills dst with the rows from, from+1, …; len(dst) is a
	// multiple of the row length. It may be called concurrently.
	ReadRows(dst []float32, from int) error
}

// firstError keeps the first error of several goroutines.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// PackDense packs a matrix as F32, BF16 or F16. Values that the format can't
// represent are rounded to nearest, ties to even.
func PackDense(p *Pool, f Format, rows, cols int, r RowReader) (*Weights, error) {
	k, ok := map[Format]kinds.Kind{F32: kinds.F32, BF16: kinds.BF16, F16: kinds.F16}[f]
	if !ok {
		return nil, fmt.Errorf("kernels: pack a dense matrix as %s", f)
	}
	w, err := newWeights(k, f, rows, cols)
	if err != nil {
		return nil, err
	}
	var failed firstError
	p.Run(w.tiles(), 1, func(lo, hi int) {
		line := make([]float32, tileRows*cols)
		for tile := lo; tile < hi; tile++ {
			n := min(tileRows, rows-tile*tileRows)
			if err := r.ReadRows(line[:n*cols], tile*tileRows); err != nil {
				failed.set(err)
				return
			}
			w.packDenseTile(tile, line[:n*cols])
		}
	})
	if failed.err != nil {
		return nil, failed.err
	}
	return w, nil
}

// packDenseTile packs the rows of one tile.
func (w *Weights) packDenseTile(tile int, line []float32) {
	dst := w.words[tile*w.tileWords():][:w.tileWords()]
	for row := range len(line) / w.cols {
		src := line[row*w.cols:][:w.cols]
		switch w.kind {
		case kinds.F32:
			for k, v := range src {
				dst[k*tileRows+row] = math.Float32bits(v)
			}
		case kinds.BF16:
			for k, v := range src {
				dst[k/2*tileRows+row] |= bf16Bits(v) << (k % 2 * 16)
			}
		case kinds.F16:
			for k, v := range src {
				dst[(k*tileRows+row)/2] |= f16Bits(v) << (row % 2 * 16)
			}
		}
	}
}

// bf16Bits rounds to bfloat16, ties to even; NaN stays NaN.
func bf16Bits(v float32) uint32 {
	u := math.Float32bits(v)
	if v != v {
		return u>>16 | 0x40
	}
	return (u + 0x7fff + u>>16&1) >> 16
}

// f16Bits rounds to float16, ties to even.
func f16Bits(v float32) uint32 { return uint32(float16.Fromfloat32(v).Bits()) }

// Int8Reader reads rows of a matrix as int8 codes with a scale for each 32 of
// them along the row.
type Int8Reader interface {
	// Int8Rows fills codes with the rows from, from+1, …, and scales with
	// ⌈row length/32⌉ for each. It may be called concurrently.
	Int8Rows(codes []int8, scales []float32, from int) error
}

// PackInt8 packs a matrix of int8 codes; a weight is its code times its scale.
func PackInt8(p *Pool, rows, cols int, r Int8Reader) (*Weights, error) {
	w, err := newWeights(kinds.Int8, Int8, rows, cols)
	if err != nil {
		return nil, err
	}
	blocks := w.depth() / int8Block
	var failed firstError
	p.Run(w.tiles(), 1, func(lo, hi int) {
		codes, scales := make([]int8, tileRows*cols), make([]float32, tileRows*blocks)
		for tile := lo; tile < hi; tile++ {
			n := min(tileRows, rows-tile*tileRows)
			if err := r.Int8Rows(codes[:n*cols], scales[:n*blocks], tile*tileRows); err != nil {
				failed.set(err)
				return
			}
			dst, dstScales := w.words[tile*w.tileWords():], w.scales[tile*w.tileScales():]
			for row := range n {
				for k, c := range codes[row*cols:][:cols] {
					dst[k/4*tileRows+row] |= uint32(uint8(c)) << (k % 4 * 8)
				}
				for b, s := range scales[row*blocks:][:blocks] {
					dstScales[b*tileRows+row] = s
				}
			}
		}
	})
	if failed.err != nil {
		return nil, failed.err
	}
	return w, nil
}

// QuantizeInt8 reads the rows of a matrix of cols columns rounded to int8:
// for each 32 along a row, scale = max|w|/127 and code = w/scale to nearest,
// ties to even.
func QuantizeInt8(cols int, r RowReader) Int8Reader { return int8Quantizer{cols, r} }

type int8Quantizer struct {
	cols int
	rows RowReader
}

func (q int8Quantizer) Int8Rows(codes []int8, scales []float32, from int) error {
	line := make([]float32, len(codes))
	if err := q.rows.ReadRows(line, from); err != nil {
		return err
	}
	for ; len(line) > 0; line, codes = line[q.cols:], codes[q.cols:] {
		for at := 0; at < q.cols; at += int8Block {
			end := min(at+int8Block, q.cols)
			scales[0] = quantize8(codes[at:end], line[at:end])
			scales = scales[1:]
		}
	}
	return nil
}

// quantize8 rounds x to codes from -127 to 127 and returns their scale.
func quantize8(codes []int8, x []float32) (scale float32) {
	return roundCodes(codes, x, greatest(x), 127)
}

// greatest returns the greatest magnitude in x, NaN if there is a NaN.
func greatest(x []float32) float32 {
	most := float32(0)
	for _, v := range x {
		if a := float32(math.Abs(float64(v))); !(a <= most) {
			most = a // also if a is NaN, and then for good
			if a != a {
				break
			}
		}
	}
	return most
}

// roundCodes rounds x to codes so that the magnitude top becomes the code most, and
// returns their scale, top/most. If top is too small to divide by, all codes are
// 0; if it is not finite, the scale is NaN.
func roundCodes(codes []int8, x []float32, top, most float32) (scale float32) {
	clear(codes)
	switch {
	case !(top <= math.MaxFloat32):
		return float32(math.NaN())
	case top < tiny8:
		return 0
	}
	inverse := most / top
	for i, v := range x {
		codes[i] = int8(math.RoundToEven(float64(v * inverse)))
	}
	return top / most
}
