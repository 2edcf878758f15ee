package gpukernels

import (
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/kinds"
)

// Product is y = W x, and what is added after it: y[row][out] =
// Residual[row][out] + (Σ_k W[out][k]·x[row][k] + Bias[out]).
type Product struct {
	W        *Weights
	Y        driver.Ptr // [rows][W.Rows] float32
	Bias     driver.Ptr // [W.Rows] float32; 0: none
	Residual driver.Ptr // [rows][W.Rows] float32; may be Y; 0: none
}

// Under restricts a launch to the rows of one adapter, -1 being the base
// alone. The zero Under is all rows.
type Under struct {
	Adapters driver.Ptr // [rows] int32; 0: all rows
	Adapter  int
}

// maxMaps is how many matrices one launch takes.
const maxMaps = 3

// MatMul makes products of one input x, [rows][K] in the input type. K, a
// multiple of 8, is the Cols of every W. Sums run as in [kernels.Weights.MatMul];
// of Fast, the sum over a block of K is a tensor core's.
func (k *Kernels) MatMul(s driver.Stream, x driver.Ptr, rows Rows, under Under, products ...Product) error {
	if err := rows.check(); err != nil {
		return err
	}
	for _, p := range products {
		if cols := p.W.Cols; cols != products[0].W.Cols || cols%8 != 0 {
			return fmt.Errorf("gpukernels: product of an input with rows of %d (not one multiple of 8)", cols)
		}
	}
	for len(products) > 0 {
		n := 1
		for n < min(len(products), maxMaps) && products[0].W.alike(&products[n].W.Layout) {
			n++
		}
		if err := k.matmul(s, x, rows, under, products[:n]); err != nil {
			return err
		}
		products = products[n:]
	}
	return nil
}

// The tiles of the kernels with many rows, and the constants of
// src/products.cuh.
const (
	fewRows      = 8
	manyRows     = 64
	manyOutputs  = 128
	manyThreads  = 256
	segment      = 48 // blocks of 64 along K
	tableBytes   = 64 << 10
	resultStride = manyOutputs + 4
)

// matmul makes products of one kind.
func (k *Kernels) matmul(s driver.Stream, x driver.Ptr, rows Rows, under Under, products []Product) error {
	w := products[0].W
	var args []any
	few, many := 0, 0 // tiles of either kernel
	for i := range maxMaps {
		var p Product
		var data driver.Ptr
		n := 0
		if i < len(products) {
			p = products[i]
			data, n = p.W.Data, p.W.Rows
			few += p.W.Tiles()
			many += ceilDiv(n, manyOutputs)
		}
		args = append(args, data, p.Y, p.Bias, p.Residual, n)
	}
	args = append(args, x, rows.Count, rows.Most, w.Cols, under.Adapters, under.Adapter)
	suffix := "_" + w.form().Device + k.input()
	if rows.Most > fewRows {
		grid := dim(ceilDiv(rows.Most, manyRows), many)
		return k.launch(s, "matmul_many"+suffix, grid, dim(manyThreads, 1), k.manyShared(&w.Layout), args...)
	}
	columns, summed := fewRows, rows.Most
	if k.precision == F32 {
		for columns = 1; columns < rows.Most; {
			columns *= 4
		}
		columns = min(columns, fewRows)
		summed = columns
	}
	grid := dim(min(few, k.ctx.Device().Multiprocessors*fewBlocks), 1)
	return k.launch(s, fmt.Sprint("matmul_", columns, suffix), grid, dim(manyThreads, 1), fewShared(&w.Layout, summed), args...)
}

// fewBlocks is how many blocks of a kernel with few rows a multiprocessor holds:
// three tables of 64 KiB fill its shared memory.
const fewBlocks = 3

// fewShared is the shared memory of the kernels with few rows: the table, and
// partial sums and scales of a segment.
func fewShared(l *Layout, columns int) int {
	f := l.form()
	bytes := segment * (columns + 1) * TileRows * 4 * (kinds.BlockK / f.Block)
	if f.Codebook {
		bytes += tableBytes
	}
	return bytes
}

// manyShared is the shared memory of the kernels with many rows.
func (k *Kernels) manyShared(l *Layout) int {
	if k.precision == F32 { // 64 along K of W and x, scales, codebook twice
		return 4 * (64*resultStride + 64*(manyRows+4) + 2*manyOutputs + 32)
	}
	bytes := 2 * manyRows * (64 + 8) * 2 // two buffers of x
	if l.form().Codebook {
		bytes += tableBytes
	}
	return max(bytes, manyRows*resultStride*4)
}

// Embed sets out, [rows][Cols] float32, to the rows ids of a token table, ids
// being [rows] int32 below its Rows (others leave their row of out as it was).
func (k *Kernels) Embed(s driver.Stream, out, ids driver.Ptr, rows Rows, table *Weights, under Under) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "embed_"+table.form().Device, dim(rows.Most, 1), dim(256, 1), 0,
		out, ids, rows.Count, rows.Most, table.Data, table.Rows, table.Cols, under.Adapters, under.Adapter)
}
