package gpukernels

import (
	driver "github.com/medner/medner/internal/cuda"
)

// Gains are an RMSNorm's gains, [width] float32, and what adapters replace
// them by.
type Gains struct {
	Base     driver.Ptr
	Own      driver.Ptr // [adapters] addresses, uint64, of gains in place of Base; 0: the base's; may be 0 itself
	Adapters driver.Ptr // [rows] int32, the adapter or -1; 0: all -1
}

// RMSNorm sets out, [rows][width] in the input type, to
// x / √(mean x² + eps) ∘ gains, x being [rows][width] float32.
func (k *Kernels) RMSNorm(s driver.Stream, out, x driver.Ptr, rows Rows, width int, eps float32, g Gains) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "rmsnorm"+k.input(), dim(rows.Most, 1), dim(128, 1), 0,
		out, x, g.Base, g.Own, g.Adapters, rows.Count, rows.Most, width, eps)
}

// normHeads is the kernel of NormHeads.
const normHeads = "rmsnorm_f32"

// NormHeads replaces each head of x, [heads][width] float32, by its RMSNorm,
// which stays float32 in either precision. There may be more heads than a launch
// of another kernel has rows; Gains.Adapters is of heads too.
func (k *Kernels) NormHeads(s driver.Stream, x driver.Ptr, heads Rows, width int, eps float32, g Gains) error {
	return k.launch(s, normHeads, dim(heads.Most, 1), dim(128, 1), 0,
		x, x, g.Base, g.Own, g.Adapters, heads.Count, heads.Most, width, eps)
}

// elementThreads is the block of kernels with a thread a number.
const elementThreads = 256

// SiLUMul sets out, [rows][width] in the input type, to silu(gate) ∘ up,
// [rows][width] float32 both.
func (k *Kernels) SiLUMul(s driver.Stream, out, gate, up driver.Ptr, rows Rows, width int) error {
	return k.elements(s, "silu_mul"+k.input(), rows, width, out, gate, up)
}

// Add sets x += y, [rows][width] float32.
func (k *Kernels) Add(s driver.Stream, x, y driver.Ptr, rows Rows, width int) error {
	return k.elements(s, "add", rows, width, x, y)
}

// Gather sets out[row] = x[from[row]] for rows of bytes, a multiple of 4; from
// is [rows] int32.
func (k *Kernels) Gather(s driver.Stream, out, x, from driver.Ptr, rows Rows, bytes int) error {
	return k.elements(s, "gather", rows, bytes/4, out, x, from)
}

// elements launches a kernel with a thread a number.
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
