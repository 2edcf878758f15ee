package gpukernels

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
)

// TileRows is the number of rows packed together.
const TileRows = 16

// codebookBytes end a tile of 4-bit weights.
const codebookBytes = 64

// Layout describes a matrix W of Rows outputs by Cols inputs in device memory,
// tile by tile of 16 rows; src/layout.cuh draws it. The zero value of Round is
// kernels.F32.
type Layout struct {
	Rows, Cols int
	Format     kernels.Format
	Round      kernels.Format // of NF4 and FP4: what code·absmax is rounded to; F32, BF16 or F16
	Code       [16]float32    // of NF4 and FP4
}

// Weights is a matrix in device memory.
type Weights struct {
	Layout
	Data driver.Ptr // aligned to 256 bytes; Bytes of it
}

// bits is the size of a code.
func (l *Layout) bits() int {
	switch l.Format {
	case kernels.F32:
		return 32
	case kernels.BF16, kernels.F16:
		return 16
	case kernels.Int8:
		return 8
	}
	return 4
}

func (l *Layout) fourBit() bool { return l.Format == kernels.NF4 || l.Format == kernels.FP4 }

// block is the run along K that shares a scale, 0 of none.
func (l *Layout) block() int {
	switch {
	case l.fourBit():
		return 64
	case l.Format == kernels.Int8:
		return 32
	}
	return 0
}

// depth is K with its padding.
func (l *Layout) depth() int {
	if l.block() > 0 {
		return ceilDiv(l.Cols, 64) * 64
	}
	return ceilDiv(l.Cols, 16) * 16
}

func (l *Layout) codeBytes() int { return l.depth() * TileRows * l.bits() / 8 }

// Tiles is the number of tiles; the last may have rows of zeros at its end.
func (l *Layout) Tiles() int { return ceilDiv(l.Rows, TileRows) }

// TileBytes is the size of a tile: codes, scales, codebook.
func (l *Layout) TileBytes() int {
	n := l.codeBytes()
	if l.block() > 0 {
		n += l.depth() / l.block() * TileRows * 4
	}
	if l.fourBit() {
		n += codebookBytes
	}
	return n
}

// Bytes is the device memory of the whole matrix.
func (l *Layout) Bytes() int64 { return int64(l.Tiles()) * int64(l.TileBytes()) }

// kind names the kernels of a layout, numbered as in src/layout.cuh.
func (l *Layout) kind() string {
	if !l.fourBit() {
		return l.Format.String()
	}
	if l.Round == kernels.F32 {
		return "4bit"
	}
	return "4bit_" + l.Round.String()
}

// alike says whether one launch can serve both.
func (l *Layout) alike(o *Layout) bool {
	return l.kind() == o.kind() && l.Cols == o.Cols && l.Code == o.Code
}
