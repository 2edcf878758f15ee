package quant

import (
	"fmt"

	"github.com/medner/medner/internal/mmap"
)

// CodeMatrix is a matrix whose rows can also be read as 4-bit codes with a
// scale for each run of codes, which is the form that kernels for quantised
// weights take. A weight is (Code[code] − zero)·scale, rounded to Round.
type CodeMatrix interface {
	Matrix
	Codes() Codes
	// CodeRows reads the rows from, from+1, … as many as codes has room for:
	//
	//	codes   [rows][⌈Cols/2⌉]      two codes a byte, the first in the high nibble
	//	scales  [rows][⌈Cols/Block⌉]
	//	zeros   [rows][⌈Cols/Block⌉]  nil where Codes says that there are none
	//
	// A row of an odd number of codes ends in a byte whose low nibble is 0.
	// Slices of other lengths are an error, and so is a fault of a mapped file.
	CodeRows(codes []byte, scales, zeros []float32, from int) error
}

// Codes describes the codes of a [CodeMatrix].
type Codes struct {
	Block int         // codes along a row that share a scale (and a zero)
	Code  [16]float32 // the codebook: what each code stands for
	Zeros bool        // whether a zero is subtracted from what a code stands for
	Round Format      // F32, BF16 or F16
	Scale Format      // F16 or BF16 if such numbers hold each scale exactly; otherwise F32, or Invalid
}

// CheckCodeRows returns how many rows a read of m's codes is for, or an error
// if the slices do not fit each other or the rows do not exist.
func CheckCodeRows(m CodeMatrix, codes []byte, scales, zeros []float32, from int) (rows int, err error) {
	c, cols := m.Codes(), m.Cols()
	rows = len(codes) / ceilDiv(cols, 2)
	want := rows * ceilDiv(cols, c.Block)
	wantZeros := 0
	if c.Zeros {
		wantZeros = want
	}
	if len(codes) != rows*ceilDiv(cols, 2) || len(scales) != want || len(zeros) != wantZeros || from < 0 || from > m.Rows()-rows {
		return 0, fmt.Errorf("read %d bytes of codes, %d scales and %d zeros from row %d of a %d × %d matrix with blocks of %d",
			len(codes), len(scales), len(zeros), from, m.Rows(), cols, c.Block)
	}
	return rows, nil
}

// Codes describes the codes along a row. Blocks of the flattened matrix cross
// rows where NumCols is no multiple of BlockSize; the runs that share a scale
// in every row are then as long as the greatest common divisor of both:
//
//	BlockSize 64, rows of 192: runs of 64
//	BlockSize 128, rows of 192: runs of 64, of which pairs share a scale
//	BlockSize 64, rows of 130: runs of 2
func (q *FourBit) Codes() Codes {
	return Codes{Block: gcd(q.NumCols, q.BlockSize), Code: q.Code, Round: q.State}
}

// CodeRows implements CodeMatrix.
func (q *FourBit) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	rows, err := CheckCodeRows(q, codes, scales, zeros, from)
	if err != nil {
		return err
	}
	return mmap.Guard(func() error {
		q.readCodes(codes, rows, from)
		q.readScales(scales, from)
		return nil
	})
}

// readCodes copies the codes of rows. Where rows are of odd length, every
// second one begins at a low nibble and is shifted.
func (q *FourBit) readCodes(codes []byte, rows, from int) {
	size := ceilDiv(q.NumCols, 2)
	if q.NumCols%2 == 0 {
		copy(codes, q.Packed[from*size:])
		return
	}
	for row := range rows {
		dst, first := codes[row*size:][:size], (from+row)*q.NumCols
		src := q.Packed[first/2:][:size]
		if first%2 == 0 {
			copy(dst, src)
			dst[size-1] &= 0xf0
			continue
		}
		for i := range dst[:size-1] {
			dst[i] = src[i]<<4 | src[i+1]>>4
		}
		dst[size-1] = src[size-1] << 4
	}
}

// readScales writes the scale of each run of the rows from, from+1, ….
func (q *FourBit) readScales(scales []float32, from int) {
	run := gcd(q.NumCols, q.BlockSize)
	first := from * q.NumCols
	if run == q.BlockSize {
		q.scales(scales, first/run)
		return
	}
	have := -1 // the block whose scale is in scale
	var scale [1]float32
	for i := range scales {
		if block := (first + i*run) / q.BlockSize; block != have {
			q.scales(scale[:], block)
			have = block
		}
		scales[i] = scale[0]
	}
}

// gcd is the greatest common divisor of two positive numbers.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
