package kernels

import (
	"fmt"
	"math"

	"github.com/medner/medner/internal/kinds"
)

// CodeReader reads rows of a matrix of 4-bit codes, with a scale for each run
// of codes along a row. The length of the runs is the Block of the [FourBit]
// that describes the matrix; the last run of a row may be shorter.
type CodeReader interface {
	// CodeRows reads the rows from, from+1, … as many as codes has room for:
	//
	//	codes   [rows][⌈Cols/2⌉]      two codes a byte, the first in the high nibble
	//	scales  [rows][⌈Cols/Block⌉]
	//	zeros   [rows][⌈Cols/Block⌉]  what is subtracted before scaling; nil where the format has no zeros
	//
	// It may be called concurrently. A fault of a mapped file is an error.
	CodeRows(codes []byte, scales, zeros []float32, from int) error
}

// FourBit describes a matrix of 4-bit codes: a weight is Code[code]·scale,
// rounded to Round.
type FourBit struct {
	Rows, Cols int
	Format     Format // NF4 or FP4
	Block      int    // codes along a row that share a scale
	Code       [16]float32
	Round      Format // F32, BF16 or F16
}

// Packs4Bit says whether the kernels take 4-bit codes in rows of cols with a scale
// for each block codes along a row: both must be multiples of 64, the run along K
// that has a scale in packed weights.
func Packs4Bit(cols, block int) bool {
	return block > 0 && block%blockK == 0 && cols > 0 && cols%blockK == 0
}

// check returns the kind of the matrix, or an error if no kernel can multiply with it.
func (q *FourBit) check() (kinds.Kind, error) {
	k, ok := map[Format]kinds.Kind{F32: kinds.Bits4, BF16: kinds.Bits4BF16, F16: kinds.Bits4F16}[q.Round]
	switch {
	case !ok:
		return 0, fmt.Errorf("kernels: pack 4-bit weights rounded to %s, expected f32, bf16 or f16", q.Round)
	case q.Format != NF4 && q.Format != FP4:
		return 0, fmt.Errorf("kernels: pack 4-bit weights as %s, expected nf4 or fp4", q.Format)
	case q.Rows <= 0 || q.Cols <= 0 || q.Rows > math.MaxInt/q.Cols:
		return 0, fmt.Errorf("kernels: pack a matrix of %d × %d", q.Rows, q.Cols)
	case !Packs4Bit(q.Cols, q.Block):
		return 0, fmt.Errorf("kernels: pack rows of %d 4-bit codes in blocks of %d, expected multiples of %d", q.Cols, q.Block, blockK)
	}
	return k, nil
}

// Pack4Bit packs the 4-bit codes that r reads and q describes. Shapes that
// [Packs4Bit] says no to can be packed dequantised, by [PackDense].
func Pack4Bit(p *Pool, q FourBit, r CodeReader) (*Weights, error) {
	k, err := q.check()
	if err != nil {
		return nil, err
	}
	w, err := newWeights(k, q.Format, q.Rows, q.Cols)
	if err != nil {
		return nil, err
	}
	w.code = newCodebook(&q.Code)
	rowCodes, rowScales := q.Cols/2, (q.Cols+q.Block-1)/q.Block
	return w.packTiles(p, func() func(tile, n int) error {
		codes, scales := make([]byte, tileRows*rowCodes), make([]float32, tileRows*rowScales)
		return func(tile, n int) error {
			if err := r.CodeRows(codes[:n*rowCodes], scales[:n*rowScales], nil, tile*tileRows); err != nil {
				return err
			}
			for row := range n {
				w.pack4Row(tile, row, codes[row*rowCodes:][:rowCodes])
				dst := w.scales[tile*w.tileScales()+row:]
				for b := range q.Cols / blockK {
					dst[b*tileRows] = scales[row*rowScales+b*blockK/q.Block]
				}
			}
			return nil
		}
	})
}

// spread has, for each byte, its two nibbles in the low nibbles of two bytes: the
// high nibble in the lower byte.
var spread = func() (t [256]uint16) {
	for i := range t {
		t[i] = uint16(i>>4 | i&15<<8)
	}
	return t
}()

// pack4Row packs the codes of one row of a tile. Codes 0 to 7 of a row become
// one word, as layout.go draws it:
//
//	bytes   01 23 45 67          (hexadecimal, a digit being a code)
//	word    0x73625140           code j in nibble 2j, code 4+j in nibble 2j+1
func (w *Weights) pack4Row(tile, row int, codes []byte) {
	dst := w.words[tile*w.tileWords()+row:]
	for i := 0; i < len(codes); i += 4 {
		first := uint32(spread[codes[i]]) | uint32(spread[codes[i+1]])<<16
		second := uint32(spread[codes[i+2]]) | uint32(spread[codes[i+3]])<<16
		dst[i/4*tileRows] = first | second<<4
	}
}
