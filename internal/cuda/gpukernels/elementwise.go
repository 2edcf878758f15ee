package gpukernels

import (
	driver "github.com/medner/medner/internal/cuda"
)

// Gains are the gains of an RMSNorm, and those that adapters put in their place.
type Gains struct {
	Base     driver.Ptr // [width] float32
	Own      driver.Ptr // [adapters] uint64: addresses of gains, [width] float32, in place of Base, or 0; 0: no adapter has any
	Adapters driver.Ptr // [rows] int32: the adapter of each row, or -1; 0: all are -1
}

// RMSNorm sets out, [rows][width] in the input type, to
// x / √(mean x² + eps) ∘ gains, row by row; x is [rows][width] float32.
func (k *Kernels) RMSNorm(s driver.Stream, out, x driver.Ptr, rows Rows, width int, eps float32, g Gains) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "rmsnorm"+k.input(), dim(rows.Most, 1), dim(128, 1), 0,
		out, x, g.Base, g.Own, g.Adapters, rows.Count, rows.Most, width, eps)
}

// normHeads names the kernel of NormHeads.
const normHeads = "rmsnorm_f32"

// NormHeads replaces each head of x, [heads][width] float32, by its RMSNorm, which
// is float32 in both precisions. There may be more heads than other kernels take
// rows. Gains.Adapters has an entry for each head.
func (k *Kernels) NormHeads(s driver.Stream, x driver.Ptr, heads Rows, width int, eps float32, g Gains) error {
	return k.launch(s, normHeads, dim(heads.Most, 1), dim(128, 1), 0,
		x, x, g.Base, g.Own, g.Adapters, heads.Count, heads.Most, width, eps)
}

// elementThreads is how many threads a block has in kernels in which each thread
// computes one number.
const elementThreads = 256

// SiLUMul sets out, [rows][width] in the input type, to silu(gate) ∘ up; gate and
// up are [rows][width] float32.
func (k *Kernels) SiLUMul(s driver.Stream, out, gate, up driver.Ptr, rows Rows, width int) error {
	return k.elements(s, "silu_mul"+k.input(), rows, width, out, gate, up)
}

// Add adds y to x, both [rows][width] float32.
func (k *Kernels) Add(s driver.Stream, x, y driver.Ptr, rows Rows, width int) error {
	return k.elements(s, "add", rows, width, x, y)
}

// Gather sets out[row] to x[from[row]], for rows of so many bytes, a multiple of 4;
// from is [rows] int32.
func (k *Kernels) Gather(s driver.Stream, out, x, from driver.Ptr, rows Rows, bytes int) error {
	return k.elements(s, "gather", rows, bytes/4, out, x, from)
}

// elements launches a kernel in which each thread computes one number.
func (k *Kernels) elements(s driver.Stream, name string, rows Rows, width int, pointers ...driver.Ptr) error {
	if err := rows.check(); err != nil {
		return err
	}
	var args []any
	for _, p := range pointers {
		args = append(args, p)
	}
	args = append(args, rows.Count, rows.Most, width)
	return k.launch(s, name, dim(ceilDiv(width, elementThreads), rows.Most), dim(elementThreads, 1), 0, args...)
}
