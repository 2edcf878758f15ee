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
	//	zeros   [rows][⌈Cols/Block⌉]  what is subtracted before scaling; empty without zeros
	//
	// It may be called concurrently. A fault of a mapped file is an error.
	CodeRows(codes []byte, scales, zeros []float32, from int) error
}

// FourBit describes a matrix of 4-bit codes: a weight is (Code[code] − zero)·scale,
// rounded to Round.
type FourBit struct {
	Rows, Cols int
	Format     Format // NF4, FP4 or U4
	Block      int    // codes along a row that share a scale (and a zero)
	Code       [16]float32
	Round      Format // F32, BF16 or F16; of U4 F32
	Scale      Format // of U4: the format in which scales are held, F32, BF16 or F16, which has each of them exactly
	Zeros      bool   // of U4: the reader has zeros; without them a zero is 0
}

// kind returns the kind that the matrix is packed as, if check finds no fault.
func (q *FourBit) kind() kinds.Kind {
	if q.Format == U4 {
		return kinds.OfZeros(q.Block, q.Cols)
	}
	return map[Format]kinds.Kind{F32: kinds.Bits4, BF16: kinds.Bits4BF16, F16: kinds.Bits4F16}[q.Round]
}

// grouping returns how groups of U4 are held. One that is all of a row is whole blocks
// of 64 too.
func (q *FourBit) grouping() grouping {
	if q.Block >= q.Cols {
		return grouping{roundUp(q.Cols, blockK), q.Scale}
	}
	return grouping{q.Block, q.Scale}
}

// Check returns an error if the kernels don't take the matrix. They take NF4 and FP4
// if Cols and Block are multiples of 64, the run along K that has a scale in packed
// weights; and U4 if Block is a multiple of 32, or all of a row. U4's Code is 16
// successive integers, of which the least is 0 to -16: they and the zeros then make up
// zeros from 0 to 16 for codes from 0 on.
func (q *FourBit) Check() error {
	switch {
	case q.Round != F32 && q.Round != BF16 && q.Round != F16:
		return fmt.Errorf("kernels: pack 4-bit weights rounded to %s, expected f32, bf16 or f16", q.Round)
	case q.Format != NF4 && q.Format != FP4 && q.Format != U4:
		return fmt.Errorf("kernels: pack 4-bit weights as %s, expected nf4, fp4 or u4", q.Format)
	case q.Rows <= 0 || q.Cols <= 0 || q.Rows > math.MaxInt/q.Cols:
		return fmt.Errorf("kernels: pack a matrix of %d × %d", q.Rows, q.Cols)
	case q.Format == U4:
		return q.checkU4()
	case q.Zeros:
		return fmt.Errorf("kernels: pack %s with zeros, which only u4 has", q.Format)
	case q.Block <= 0 || q.Block%blockK != 0 || q.Cols%blockK != 0:
		return fmt.Errorf("kernels: pack rows of %d 4-bit codes in blocks of %d, expected multiples of %d", q.Cols, q.Block, blockK)
	}
	return nil
}

func (q *FourBit) checkU4() error {
	for i, v := range q.Code {
		if v != q.Code[0]+float32(i) || q.Code[0] > 0 || !wholeZero(-q.Code[0]) {
			return fmt.Errorf("kernels: pack %v as u4's code %d, expected successive integers from 0 to -16 on", v, i)
		}
	}
	switch {
	case q.Round != F32:
		return fmt.Errorf("kernels: pack u4 weights rounded to %s, expected f32", q.Round)
	case q.Scale != F32 && q.Scale != BF16 && q.Scale != F16:
		return fmt.Errorf("kernels: pack scales of u4 as %s, expected f32, bf16 or f16", q.Scale)
	case q.Block <= 0 || q.Block < q.Cols && q.Block%kinds.U4x32.Form().Block != 0:
		return fmt.Errorf("kernels: pack rows of %d 4-bit codes in groups of %d, expected multiples of 32, or all of a row", q.Cols, q.Block)
	}
	return nil
}

// wholeZero says whether v is one of the zeros that kernels take.
func wholeZero(v float32) bool { return v >= 0 && v <= 16 && v == float32(int(v)) }

// Size returns the bytes that the matrix takes packed, padding included: what
// [Weights.Bytes] is then.
func (q *FourBit) Size() int64 {
	w := Weights{rows: q.Rows, cols: q.Cols, kind: q.kind(), grouping: q.grouping()}
	return 4 * int64(w.tiles()) * int64(w.tileWords()+w.tileScales()+w.tileGroups())
}

// Pack4Bit packs the 4-bit codes that r reads and q describes. A matrix that
// [FourBit.Check] finds fault with can be packed dequantised, by [PackDense].
func Pack4Bit(p *Pool, q FourBit, r CodeReader) (*Weights, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	w, err := newGrouped(q.kind(), q.Format, q.Rows, q.Cols, q.grouping())
	if err != nil {
		return nil, err
	}
	if q.Format != U4 {
		w.code = newCodebook(&q.Code)
	}
	round := w.form().Round
	if round != kinds.Exact {
		w.tied = make([]bool, w.tiles())
	}
	rowCodes, rowScales, rowZeros := (q.Cols+1)/2, (q.Cols+q.Block-1)/q.Block, 0
	if q.Zeros {
		rowZeros = rowScales
	}
	return w.packTiles(p, func() func(tile, n int) error {
		codes, scales := make([]byte, tileRows*rowCodes), make([]float32, tileRows*rowScales)
		zeros := make([]float32, tileRows*rowZeros)
		return func(tile, n int) error {
			if err := r.CodeRows(codes[:n*rowCodes], scales[:n*rowScales], zeros[:n*rowZeros], tile*tileRows); err != nil {
				return err
			}
			for row := range n {
				w.pack4Row(tile, row, codes[row*rowCodes:][:rowCodes])
				scales, zeros := scales[row*rowScales:][:rowScales], zeros[row*rowZeros:][:rowZeros]
				if w.groups != nil {
					if err := w.packGroups(tile, row, scales, zeros, -q.Code[0]); err != nil {
						return err
					}
					continue
				}
				if round != kinds.Exact {
					for i, scale := range scales {
						untied, ok := rounders[round].untie(&q.Code, scale)
						scales[i] = untied
						w.tied[tile] = w.tied[tile] || !ok
					}
				}
				dst := w.scales[tile*w.tileScales()+row:]
				for b := range q.Cols / blockK {
					dst[b*tileRows] = scales[b*blockK/q.Block]
				}
			}
			return nil
		}
	})
}

// packGroups packs the scales and zeros of one row of a tile. zero is added to all
// zeros, or stands for them if there are none.
func (w *Weights) packGroups(tile, row int, scales, zeros []float32, zero float32) error {
	for i, scale := range scales {
		z := zero
		if len(zeros) > 0 {
			z += zeros[i]
		}
		if !wholeZero(z) {
			return fmt.Errorf("kernels: pack a zero point of %v in output %d, expected an integer from 0 to 16", z, tile*tileRows+row)
		}
		group := w.groupAt(tile, i*w.steps)
		putGroup(group, row, int8(z), scale, w.scale)
		if held := scaleOf(group, row, w.scale); held != scale && scale == scale {
			return fmt.Errorf("kernels: pack a scale of %v in output %d as %s, which has %v", scale, tile*tileRows+row, w.scale, held)
		}
	}
	return nil
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
	whole := len(codes) &^ 3
	for i := 0; i < whole; i += 4 {
		first := uint32(spread[codes[i]]) | uint32(spread[codes[i+1]])<<16
		second := uint32(spread[codes[i+2]]) | uint32(spread[codes[i+3]])<<16
		dst[i/4*tileRows] = first | second<<4
	}
	if whole < len(codes) {
		var last [4]byte
		copy(last[:], codes[whole:])
		w.pack4Row(tile, row+whole/4*tileRows, last[:])
	}
}
