package quant

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// block is how a GGML format stores numbers: in runs along a row, each with
// scales of its own. decode dequantises one run.
type block struct {
	numbers, bytes int
	decode         func(dst []float32, src []byte)
}

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

// Block is the smallest run of numbers that the format stores by itself, and
// the bytes that it takes; zeros for bitsandbytes' formats, whose blocks do
// not lie in one place.
func (f Format) Block() (numbers, bytes int) {
	if size := f.Size(); size > 0 {
		return 1, size
	}
	if int(f) < len(blocks) {
		return blocks[f].numbers, blocks[f].bytes
	}
	return 0, 0
}

// Blocks is a matrix in one of GGML's block formats, as the bytes of a file.
type Blocks struct {
	format     Format
	rows, cols int
	data       []byte
}

// NewBlocks views data, row after row of whole blocks, without copying it.
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

// Rows is the number of outputs.
func (b *Blocks) Rows() int { return b.rows }

// Cols is the number of inputs.
func (b *Blocks) Cols() int { return b.cols }

// Format is the stored format.
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

// Int8Matrix is a matrix whose rows can be read as int8 codes and scales
// where its Format is Q8_0; see [Blocks.Int8Rows].
type Int8Matrix interface {
	Matrix
	Int8Rows(codes []int8, scales []float32, from int) error
}

// Int8Block is the run of numbers that share a scale in Int8Rows.
const Int8Block = 32

// Int8Rows reads rows of a Q8_0 matrix as they are stored: codes, as many as
// the rows have numbers, and a scale for each Int8Block of them. A number is
// its code times its scale, rounded once.
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

// half reads a block's f16 scale.
func half(src []byte) float32 { return F16ToF32(binary.LittleEndian.Uint16(src)) }
