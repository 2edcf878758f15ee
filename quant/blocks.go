package quant

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// block describes how a GGML format stores numbers: in runs along a row, each
// with scales of its own.
type block struct {
	numbers, bytes int                             // of a run
	decode         func(dst []float32, src []byte) // dequantises one run
}

// blocks is indexed by Format. Formats that are no blocks have zeros.
var blocks = [...]block{
	Q8_0: {32, 34, decodeQ8_0},
	Q4_0: {32, 18, decodeQ4_0},
	Q4_1: {32, 20, decodeQ4_1},
	Q5_0: {32, 22, decodeQ5_0},
	Q5_1: {32, 24, decodeQ5_1},
	Q4_K: {256, 144, decodeQ4K},
	Q5_K: {256, 176, decodeQ5K},
	Q6_K: {256, 210, decodeQ6K},
}

// Block returns the smallest run of numbers that the format stores by itself, and
// the bytes that it takes: 32 and 18 for Q4_0, 1 and 2 for BF16. For NF4,
// FP4 and U4 it returns zeros: their codes and scales lie in different tensors.
func (f Format) Block() (numbers, bytes int) {
	if size := f.Size(); size > 0 {
		return 1, size
	}
	if int(f) < len(blocks) {
		return blocks[f].numbers, blocks[f].bytes
	}
	return 0, 0
}

// Blocks is a matrix in one of the block formats of GGML, in the bytes of a file.
// In Q8_0 it implements [Int8Matrix].
type Blocks struct {
	format     Format
	rows, cols int
	data       []byte
}

// NewBlocks views data as rows × cols numbers, row after row of whole blocks,
// without copying it. It is an error if cols is no multiple of the block's
// numbers, or data has another length than the blocks.
func NewBlocks(f Format, rows, cols int, data []byte) (*Blocks, error) {
	numbers, size := f.Block()
	if numbers < 2 {
		return nil, badinput.New("", "format", f.String(), "one of GGML's block formats")
	}
	n, err := elements(rows, cols)
	if err != nil {
		return nil, err
	}
	if cols%numbers != 0 {
		return nil, badinput.New("", "shape", fmt.Sprintf("rows of %d numbers", cols), fmt.Sprintf("a multiple of %s's %d", f, numbers))
	}
	if n/numbers > math.MaxInt/size || len(data) != n/numbers*size {
		return nil, badinput.New("", "data", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("%d × %d numbers of %s", rows, cols, f))
	}
	return &Blocks{format: f, rows: rows, cols: cols, data: data}, nil
}

// Rows returns the number of outputs.
func (b *Blocks) Rows() int { return b.rows }

// Cols returns the number of inputs.
func (b *Blocks) Cols() int { return b.cols }

// Format returns the stored format.
func (b *Blocks) Format() Format { return b.format }

// ReadRows implements Matrix.
func (b *Blocks) ReadRows(dst []float32, from int) error {
	if err := checkRows(b, len(dst), from); err != nil {
		return err
	}
	layout := blocks[b.format]
	return mmap.Guard(func() error {
		src := b.data[from*b.cols/layout.numbers*layout.bytes:]
		for len(dst) > 0 {
			layout.decode(dst[:layout.numbers], src[:layout.bytes])
			dst, src = dst[layout.numbers:], src[layout.bytes:]
		}
		return nil
	})
}

// Int8Matrix is a matrix whose rows can be read as int8 codes and scales where its
// Format is Q8_0. A weight is its code times its scale, rounded once.
type Int8Matrix interface {
	Matrix
	// Int8Rows reads the rows from, from+1, … as many as codes has room for:
	//
	//	codes   [rows][Cols]
	//	scales  [rows][Cols/Int8Block]
	//
	// Another Format than Q8_0, and slices of other lengths, are errors.
	Int8Rows(codes []int8, scales []float32, from int) error
}

// Int8Block is the run of numbers along a row that share a scale in Int8Rows.
const Int8Block = 32

// Int8Rows implements Int8Matrix.
func (b *Blocks) Int8Rows(codes []int8, scales []float32, from int) error {
	if b.format != Q8_0 {
		return fmt.Errorf("read int8 codes from a matrix of %s", b.format)
	}
	if err := checkRows(b, len(codes), from); err != nil {
		return err
	}
	if len(scales) != len(codes)/Int8Block {
		return fmt.Errorf("read %d scales for %d int8 codes", len(scales), len(codes))
	}
	size := blocks[Q8_0].bytes
	return mmap.Guard(func() error {
		src := b.data[from*b.cols/Int8Block*size:]
		for i := range scales {
			block := src[i*size : (i+1)*size]
			scales[i] = half(block)
			for j, c := range block[2:] {
				codes[i*Int8Block+j] = int8(c)
			}
		}
		return nil
	})
}

// half reads the f16 that src begins with.
func half(src []byte) float32 { return f16ToF32(binary.LittleEndian.Uint16(src)) }
