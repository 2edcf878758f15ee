// Package hold decides how a model's weights are held in memory.
package hold

// Hold is the form in which a user wants the linear maps of the layers held.
type Hold string

// The holds.
const (
	Keep Hold = "keep" // as the file holds them, and GGUF's block formats as int8 where that is exact, else as f32
	NF4  Hold = "nf4"
	Int8 Hold = "int8"
	BF16 Hold = "bf16"
	F32  Hold = "f32"
)

// Precision chooses the arithmetic.
type Precision string

// Exact computes in float32. Fast gives exactness up for dot products of
// integers. The results of either depend on no schedule.
const (
	Exact Precision = "f32"
	Fast  Precision = "fast"
)
