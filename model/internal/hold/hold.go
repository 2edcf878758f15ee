// Package hold decides how each weight of a model is held in a device's memory.
//
// A [Plan] has the wishes of the user and what the device's kernels take. Its
// method Of returns the [Form] of a matrix: the format in which the kernels multiply
// with it, and the bytes that it takes. Devices pack a matrix in its form with
// [Pack], and estimate the memory of a model, before they read a weight, by the sum
// of the forms' bytes. [Rounded] tells what rounding leaves of a matrix.
package hold

// Hold says how a user wants the linear maps of layers held. The head, the token
// table and what adapters add are held as their files hold them.
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

// Exact computes in float32. Fast gives exactness up for products of smaller numbers.
// With either, a result does not depend on the schedule.
const (
	Exact Precision = "f32"
	Fast  Precision = "fast"
)
