package gpukernels

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/kinds"
	"github.com/medner/medner/kernels"
)

// TileRows is the number of rows packed together.
const TileRows = kinds.TileRows

// codebookBytes is the size of the codebook at the end of a tile of 4-bit weights.
const codebookBytes = 64

// Layout describes a matrix of Rows outputs by Cols inputs in device memory: tiles
// of TileRows rows, one after the other, as src/layout.cuh draws them.
type Layout struct {
	Rows, Cols int
	Format     kernels.Format
	Block      int            // of U4: weights along a row that share a scale and a zero
	Round      kernels.Format // of NF4 and FP4: what code·scale is rounded to; F32 (the zero value), BF16 or F16
	Code       [16]float32    // of NF4 and FP4: the codebook
}

// Weights is a matrix in device memory.
type Weights struct {
	Layout
	Data driver.Ptr // the address of the first tile, a multiple of 256
}

var (
	// kindsByFormat has the kinds of dense matrices and of int8.
	kindsByFormat = [...]kinds.Kind{
		kernels.F32: kinds.F32, kernels.BF16: kinds.BF16, kernels.F16: kinds.F16, kernels.Int8: kinds.Int8,
	}
	// kindsByRound has the kinds of 4-bit matrices.
	kindsByRound = [...]kinds.Kind{kernels.F32: kinds.Bits4, kernels.BF16: kinds.Bits4BF16, kernels.F16: kinds.Bits4F16}
)

// kind returns the kind of the weights, which GPU kernels know by its number.
func (l *Layout) kind() kinds.Kind {
	switch l.Format {
	case kernels.NF4, kernels.FP4:
		return kindsByRound[l.Round]
	case kernels.U4:
		return kinds.OfZeros(l.Block, l.Cols)
	}
	return kindsByFormat[l.Format]
}

func (l *Layout) form() *kinds.Form { return l.kind().Form() }

// depth returns K with its padding.
func (l *Layout) depth() int { return l.form().DeviceDepth(l.Cols) }

// codeBytes returns the bytes of the codes, or dense numbers, of a tile.
func (l *Layout) codeBytes() int { return l.depth() * TileRows * l.form().Bits / 8 }

// Tiles returns the number of tiles. The last tile is filled up with rows of zeros.
func (l *Layout) Tiles() int { return ceilDiv(l.Rows, TileRows) }

// TileBytes returns the bytes of a tile: codes, then scales (and zeros), then the codebook.
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

// Bytes returns the bytes of device memory that the matrix takes.
func (l *Layout) Bytes() int64 { return int64(l.Tiles()) * int64(l.TileBytes()) }

// alike says whether one launch can multiply with both matrices.
func (l *Layout) alike(o *Layout) bool {
	return l.kind() == o.kind() && l.Cols == o.Cols && l.Code == o.Code
}
