package gpukernels

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/kinds"
	"github.com/medner/medner/kernels"
)

// TileRows is the number of rows packed together.
const TileRows = kinds.TileRows

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

// The kinds of dense matrices and int8 by format, and those of 4 bits by rounding.
var (
	kindsByFormat = [...]kinds.Kind{
		kernels.F32: kinds.F32, kernels.BF16: kinds.BF16, kernels.F16: kinds.F16, kernels.Int8: kinds.Int8,
	}
	kindsByRound = [...]kinds.Kind{kernels.F32: kinds.Bits4, kernels.BF16: kinds.Bits4BF16, kernels.F16: kinds.Bits4F16}
)

// kind is the kind of the weights, which GPU kernels know by its number.
func (l *Layout) kind() kinds.Kind {
	if l.fourBit() {
		return kindsByRound[l.Round]
	}
	return kindsByFormat[l.Format]
}

func (l *Layout) form() *kinds.Form { return l.kind().Form() }

func (l *Layout) fourBit() bool { return l.Format == kernels.NF4 || l.Format == kernels.FP4 }

// depth is K with its padding.
func (l *Layout) depth() int { return l.form().DeviceDepth(l.Cols) }

func (l *Layout) codeBytes() int { return l.depth() * TileRows * l.form().Bits / 8 }

// Tiles is the number of tiles; the last may have rows of zeros at its end.
func (l *Layout) Tiles() int { return ceilDiv(l.Rows, TileRows) }

// TileBytes is the size of a tile: codes, scales, codebook.
func (l *Layout) TileBytes() int {
	f, n := l.form(), l.codeBytes()
	if f.Scaled() {
		n += l.depth() / f.Block * TileRows * 4
	}
	if f.Codebook {
		n += codebookBytes
	}
	return n
}

// Bytes is the device memory of the whole matrix.
func (l *Layout) Bytes() int64 { return int64(l.Tiles()) * int64(l.TileBytes()) }

// alike says whether one launch can serve both.
func (l *Layout) alike(o *Layout) bool {
	return l.kind() == o.kind() && l.Cols == o.Cols && l.Code == o.Code
}
