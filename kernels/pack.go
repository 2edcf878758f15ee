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
	// ReadRows fills dst, [rows][Cols], with the rows from, from+1, …. It may
	// be called concurrently.
	ReadRows(dst []float32, from int) error
}

// packTiles packs the tiles of w in parallel, and returns w or the first error.
// begin returns a function that packs a tile of so many rows; it is called once for
// each run of tiles, which then share its scratch memory.
func (w *Weights) packTiles(p *Pool, begin func() func(tile, rows int) error) (*Weights, error) {
	var mu sync.Mutex
	var failed error
	p.Run(w.tiles(), 1, func(lo, hi int) {
		pack := begin()
		for tile := lo; tile < hi; tile++ {
			if err := pack(tile, min(tileRows, w.rows-tile*tileRows)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if failed == nil {
					failed = err
				}
				return
			}
		}
	})
	if failed != nil {
		return nil, failed
	}
	return w, nil
}

// PackDense packs the matrix that r reads as F32, BF16 or F16. Values that the format
// can't represent are rounded to nearest, ties to even.
func PackDense(p *Pool, f Format, rows, cols int, r RowReader) (*Weights, error) {
	k, ok := map[Format]kinds.Kind{F32: kinds.F32, BF16: kinds.BF16, F16: kinds.F16}[f]
	if !ok {
		return nil, fmt.Errorf("kernels: pack a dense matrix as %s, expected f32, bf16 or f16", f)
	}
	w, err := newWeights(k, f, rows, cols)
	if err != nil {
		return nil, err
	}
	return w.packTiles(p, func() func(tile, n int) error {
		x := make([]float32, tileRows*cols)
		return func(tile, n int) error {
			if err := r.ReadRows(x[:n*cols], tile*tileRows); err != nil {
				return err
			}
			w.packDenseTile(tile, x[:n*cols])
			return nil
		}
	})
}

// packDenseTile packs the rows of one tile, x.
func (w *Weights) packDenseTile(tile int, x []float32) {
	dst := w.words[tile*w.tileWords():][:w.tileWords()]
	for row := range len(x) / w.cols {
		src := x[row*w.cols:][:w.cols]
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

// bf16Bits rounds to the nearest bfloat16, ties to even. NaN stays NaN.
func bf16Bits(v float32) uint32 {
	u := math.Float32bits(v)
	if v != v {
		return u>>16 | 0x40
	}
	return (u + 0x7fff + u>>16&1) >> 16
}

// f16Bits rounds to the nearest float16, ties to even.
func f16Bits(v float32) uint32 { return uint32(float16.Fromfloat32(v).Bits()) }

// Int8Reader reads rows of a matrix as int8 codes with a scale for each 32 codes
// along a row.
type Int8Reader interface {
	// Int8Rows reads the rows from, from+1, … as many as codes has room for:
	//
	//	codes   [rows][Cols]
	//	scales  [rows][⌈Cols/32⌉]
	//
	// It may be called concurrently.
	Int8Rows(codes []int8, scales []float32, from int) error
}

// PackInt8 packs the int8 codes that r reads. A weight is its code times its scale.
func PackInt8(p *Pool, rows, cols int, r Int8Reader) (*Weights, error) {
	w, err := newWeights(kinds.Int8, Int8, rows, cols)
	if err != nil {
		return nil, err
	}
	blocks := w.depth() / int8Block
	return w.packTiles(p, func() func(tile, n int) error {
		codes, scales := make([]int8, tileRows*cols), make([]float32, tileRows*blocks)
		return func(tile, n int) error {
			if err := r.Int8Rows(codes[:n*cols], scales[:n*blocks], tile*tileRows); err != nil {
				return err
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
			return nil
		}
	})
}

// QuantizeInt8 returns a reader that rounds the rows of r, of cols numbers, to int8.
// For each 32 along a row, scale = max|w|/127 and code = w/scale, rounded to nearest,
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
