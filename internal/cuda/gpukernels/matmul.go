package gpukernels

import (
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/kinds"
)

// Product is y = W x with bias and residual:
// y[row][out] = Residual[row][out] + (Σ_k W[out][k]·x[row][k] + Bias[out]).
type Product struct {
	W        *Weights
	Y        driver.Ptr // [rows][W.Rows] float32
	Bias     driver.Ptr // [W.Rows] float32; 0: none
	Residual driver.Ptr // [rows][W.Rows] float32; may be Y; 0: none
}

// Under restricts a launch to the rows of one adapter. The zero Under restricts
// nothing.
type Under struct {
	Adapters driver.Ptr // [rows] int32: the adapter of each row; 0: all rows take part
	Adapter  int        // whose rows take part; -1: rows without an adapter
}

// maxMaps is how many matrices one launch takes at most.
const maxMaps = 3

// MatMul computes products of one input x, [rows][K] in the input type. K is the
// Cols of every W, and a multiple of 8. Sums run as in [kernels.Weights.MatMul],
// except that in Fast a tensor core sums over a block of K.
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

// The constants of src/products.cuh. There are kernels for up to fewRows rows, and
// kernels whose blocks compute tiles of manyRows rows by manyOutputs outputs.
const (
	fewRows      = 8
	manyRows     = 64
	manyOutputs  = 128
	manyThreads  = 256             // of a block
	segment      = 48              // blocks of 64 along K whose sums are in shared memory at a time
	tableBytes   = 64 << 10        // of the table that a codebook is looked up in
	resultStride = manyOutputs + 4 // of a row of results in shared memory
)

// matmul launches products of matrices of one kind.
func (k *Kernels) matmul(s driver.Stream, x driver.Ptr, rows Rows, under Under, products []Product) error {
	w := products[0].W
	var args []any
	few, many := 0, 0 // tiles of all products, in the kernels for few rows and in those for many
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

// fewBlocks is how many blocks of a kernel for few rows a multiprocessor holds: the
// tables of three, 64 KiB each, fill its shared memory.
const fewBlocks = 3

// fewShared returns the bytes of shared memory of the kernels for few rows: the
// table, and the partial sums and scales of a segment.
func fewShared(l *Layout, columns int) int {
	f := l.form()
	bytes := segment * (columns + 1) * TileRows * 4 * (kinds.BlockK / f.Block)
	if f.Codebook {
		bytes += tableBytes
	}
	return bytes
}

// manyShared returns the bytes of shared memory of the kernels for many rows.
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

// Embed sets out, [rows][Cols] float32, to rows of a token table: row i of out to
// row ids[i] of the table. ids is [rows] int32. A row of out whose id the table
// does not have stays as it was.
func (k *Kernels) Embed(s driver.Stream, out, ids driver.Ptr, rows Rows, table *Weights, under Under) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "embed_"+table.form().Device, dim(rows.Most, 1), dim(256, 1), 0,
		out, ids, rows.Count, rows.Most, table.Data, table.Rows, table.Cols, under.Adapters, under.Adapter)
}
