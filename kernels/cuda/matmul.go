package cuda

import (
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
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

// MatMul makes products of one input x, [rows][K] in the input type. K is the
// Cols of every W. Sums run as in [kernels.Weights.MatMul]; of Fast, the sum
// over a block of K is a tensor core's.
func (k *Kernels) MatMul(s driver.Stream, x driver.Ptr, rows Rows, under Under, products ...Product) error {
	if err := rows.check(); err != nil {
		return err
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

// matmul makes products of one kind.
func (k *Kernels) matmul(s driver.Stream, x driver.Ptr, rows Rows, under Under, products []Product) error {
	const threads = 128
	cols, outputs := products[0].W.Cols, 0
	var args []any
	for i := range maxMaps {
		var p Product
		n := 0
		if i < len(products) {
			p = products[i]
			n = p.W.Rows
			outputs += ceilDiv(n, threads)
			if p.W.Cols != cols {
				return fmt.Errorf("kernels/cuda: product of one input with rows of %d and %d", cols, p.W.Cols)
			}
			args = append(args, p.W.Data)
		} else {
			args = append(args, driver.Ptr(0))
		}
		args = append(args, p.Y, p.Bias, p.Residual, n)
	}
	args = append(args, x, rows.Count, rows.Most, cols, under.Adapters, under.Adapter)
	name := "matmul_" + products[0].W.kind() + k.input()
	return k.launch(s, name, dim(outputs, rows.Most), dim(threads, 1), 0, args...)
}

// Embed sets out, [rows][Cols] float32, to the rows ids of a token table, ids
// being [rows] int32 below its Rows (others leave their row of out as it was).
func (k *Kernels) Embed(s driver.Stream, out, ids driver.Ptr, rows Rows, table *Weights, under Under) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "embed_"+table.kind(), dim(rows.Most, 1), dim(256, 1), 0,
		out, ids, rows.Count, rows.Most, table.Data, table.Rows, table.Cols, under.Adapters, under.Adapter)
}
