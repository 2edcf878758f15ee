package gpukernels

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"

	"github.com/medner/medner/internal/kinds"
	"github.com/medner/medner/kernels"
)

// Packer packs a matrix tile by tile into memory of the caller, who copies it to
// the device.
type Packer struct {
	Layout
	tile func(dst []byte, tile int) error // packs one tile into dst, which is zero
}

// Pack fills dst with the tiles first, first+1, …. The length of dst is a multiple
// of TileBytes. Pack may be called concurrently.
func (p *Packer) Pack(dst []byte, first int) error {
	size := p.TileBytes()
	if len(dst)%size != 0 || first < 0 || first+len(dst)/size > p.Tiles() {
		return fmt.Errorf("gpukernels: pack %d bytes from tile %d on of %d of %d bytes", len(dst), first, p.Tiles(), size)
	}
	clear(dst)
	for ; len(dst) > 0; dst, first = dst[size:], first+1 {
		if err := p.tile(dst[:size], first); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf returns the number of rows in a tile.
func (l *Layout) rowsOf(tile int) int { return min(TileRows, l.Rows-tile*TileRows) }

// paired returns the place of a row of a tile in the order 0, 8, 1, 9, …, 7, 15, in
// which a tensor core takes rows r and r+8 together.
func paired(row int) int { return row%8*2 + row/8 }

// checkShape refuses matrices that kernels can't address with integers of 32 bits.
func checkShape(rows, cols int) error {
	if rows <= 0 || cols <= 0 || rows > math.MaxInt32/cols*64 || rows > math.MaxInt32 {
		return fmt.Errorf("gpukernels: pack a matrix of %d × %d", rows, cols)
	}
	return nil
}

// Dense packs a matrix as F32, BF16 or F16, rounded to nearest, ties to even.
func Dense(f kernels.Format, rows, cols int, r kernels.RowReader) (*Packer, error) {
	if f != kernels.F32 && f != kernels.BF16 && f != kernels.F16 {
		return nil, fmt.Errorf("gpukernels: pack a dense matrix as %s", f)
	}
	if err := checkShape(rows, cols); err != nil {
		return nil, err
	}
	p := &Packer{Layout: Layout{Rows: rows, Cols: cols, Format: f}}
	p.tile = func(dst []byte, tile int) error {
		line := make([]float32, p.rowsOf(tile)*cols)
		if err := r.ReadRows(line, tile*TileRows); err != nil {
			return err
		}
		for i, v := range line {
			row, k := i/cols, i%cols
			switch f {
			case kernels.F32:
				binary.LittleEndian.PutUint32(dst[((k/4*TileRows+row)*4+k%4)*4:], math.Float32bits(v))
			case kernels.BF16:
				binary.LittleEndian.PutUint16(dst[((k/8*TileRows+row)*8+k%8)*2:], bf16Bits(v))
			case kernels.F16:
				binary.LittleEndian.PutUint16(dst[((k/8*TileRows+row)*8+k%8)*2:], float16.Fromfloat32(v).Bits())
			}
		}
		return nil
	}
	return p, nil
}

// bf16Bits rounds to the nearest bfloat16, ties to even. NaN stays NaN.
func bf16Bits(v float32) uint16 {
	u := math.Float32bits(v)
	if v != v {
		return uint16(u>>16 | 0x40)
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// Int8 packs a matrix of int8 codes. A weight is its code times its scale.
func Int8(rows, cols int, r kernels.Int8Reader) (*Packer, error) {
	if err := checkShape(rows, cols); err != nil {
		return nil, err
	}
	p := &Packer{Layout: Layout{Rows: rows, Cols: cols, Format: kernels.Int8}}
	p.tile = func(dst []byte, tile int) error {
		n, blocks := p.rowsOf(tile), ceilDiv(cols, p.form().Block)
		codes, scales := make([]int8, n*cols), make([]float32, n*blocks)
		if err := r.Int8Rows(codes, scales, tile*TileRows); err != nil {
			return err
		}
		for i, c := range codes {
			row, k := i/cols, i%cols
			dst[(k/8*TileRows+paired(row))*8+k%8] = byte(c)
		}
		for i, s := range scales {
			p.putScale(dst, i/blocks, i%blocks, math.Float32bits(s))
		}
		return nil
	}
	return p, nil
}

// putScale writes the bits of the scale of one row of a tile and one block along K.
func (l *Layout) putScale(tile []byte, row, block int, scale uint32) {
	at := l.codeBytes() + (block*TileRows+paired(row))*4
	binary.LittleEndian.PutUint32(tile[at:], scale)
}

// Takes says whether the kernels take codes that [kernels.FourBit.Check] finds no fault
// with: all but U4 whose scales need 32 bits, for which a tile has no room.
func Takes(q kernels.FourBit) bool { return q.Format != kernels.U4 || q.Scale != kernels.F32 }

// FourBit packs the 4-bit codes that r reads and q describes. Codes that the kernels
// don't take can be packed dequantised, by [Dense].
func FourBit(q kernels.FourBit, r kernels.CodeReader) (*Packer, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if !Takes(q) {
		return nil, fmt.Errorf("gpukernels: pack %s with scales of %s, expected f16 or bf16", q.Format, q.Scale)
	}
	if err := checkShape(q.Rows, q.Cols); err != nil {
		return nil, err
	}
	if q.Format == kernels.U4 {
		p := &Packer{Layout: Layout{Rows: q.Rows, Cols: q.Cols, Format: q.Format, Block: q.Block}}
		p.tile = func(dst []byte, tile int) error { return p.zeroedTile(dst, tile, &q, r) }
		return p, nil
	}
	p := &Packer{Layout: Layout{Rows: q.Rows, Cols: q.Cols, Format: q.Format, Round: q.Round, Code: q.Code}}
	p.tile = func(dst []byte, tile int) error { return p.fourBitTile(dst, tile, q.Block, r) }
	return p, nil
}

// fourBitTile packs one tile of codes that share a scale in runs of block.
func (l *Layout) fourBitTile(dst []byte, tile, block int, r kernels.CodeReader) error {
	n, rowCodes, rowScales := l.rowsOf(tile), l.Cols/2, ceilDiv(l.Cols, block)
	codes, scales := make([]byte, n*rowCodes), make([]float32, n*rowScales)
	if err := r.CodeRows(codes, scales, nil, tile*TileRows); err != nil {
		return err
	}
	for row := range n {
		src := codes[row*rowCodes:][:rowCodes]
		for chunk := range l.Cols / 16 {
			copy(dst[(chunk*TileRows+paired(row))*8:][:8], src[chunk*8:])
		}
		for b := range l.Cols / kinds.BlockK {
			l.putScale(dst, row, b, math.Float32bits(scales[row*rowScales+b*kinds.BlockK/block]))
		}
	}
	codebook := dst[len(dst)-codebookBytes:]
	for i, v := range l.Code {
		binary.LittleEndian.PutUint32(codebook[4*i:], math.Float32bits(v))
	}
	return nil
}

// zeroedTile packs one tile of codes with zeros.
func (l *Layout) zeroedTile(dst []byte, tile int, q *kernels.FourBit, r kernels.CodeReader) error {
	n, rowCodes, groups := l.rowsOf(tile), ceilDiv(l.Cols, 2), ceilDiv(l.Cols, q.Block)
	codes, scales := make([]byte, n*rowCodes), make([]float32, n*groups)
	var zeros []float32
	if q.Zeros {
		zeros = make([]float32, n*groups)
	}
	if err := r.CodeRows(codes, scales, zeros, tile*TileRows); err != nil {
		return err
	}
	block := l.form().Block
	for row := range n {
		for at := 0; at < l.Cols; at += 8 {
			word := uint32(0)
			for i := range min(8, l.Cols-at) {
				code := codes[row*rowCodes+(at+i)/2] >> (4 * (1 - i%2)) & 15
				word |= uint32(code) << (i/2*4 + i%2*16)
			}
			binary.LittleEndian.PutUint32(dst[((at/16*TileRows+paired(row))*2+at%16/8)*4:], word)
		}
		for b := range ceilDiv(l.Cols, block) {
			group, zero := row*groups+b*block/q.Block, -q.Code[0]
			if q.Zeros {
				zero += zeros[group]
			}
			place, err := placeOf(scales[group], zero, q.Scale)
			if err != nil {
				return fmt.Errorf("gpukernels: output %d: %w", tile*TileRows+row, err)
			}
			l.putScale(dst, row, b, place)
		}
	}
	return nil
}

// placeOf returns what lies in the place of a scale, with a zero.
func placeOf(scale, zero float32, format kernels.Format) (uint32, error) {
	if !(zero >= 0 && zero <= 16 && zero == float32(int(zero))) {
		return 0, fmt.Errorf("pack a zero point of %v, expected an integer from 0 to 16", zero)
	}
	place, held := uint32(bf16Bits(scale))|1<<24, float32(0)
	if held = math.Float32frombits(place << 16); format == kernels.F16 {
		half := float16.Fromfloat32(scale)
		place, held = uint32(half.Bits()), half.Float32()
	}
	if held != scale && scale == scale {
		return 0, fmt.Errorf("pack a scale of %v as %s, which has %v", scale, format, held)
	}
	return place | uint32(zero)<<16, nil
}
