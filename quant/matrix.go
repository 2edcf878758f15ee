package quant

// Format says how the numbers of a weight are stored.
type Format uint8

// The storage formats that checkpoints use, named as their files name them.
const (
	Invalid Format = iota // no format; the zero value
	F64
	F32
	F16
	BF16
	F8E4M3
	F8E5M2
	NF4 // bitsandbytes, as FP4 is
	FP4
	U4   // unsigned 4-bit codes with a scale and a zero for each group: AWQ, GPTQ, compressed-tensors
	Q8_0 // GGML, as all below are
	Q4_0
	Q4_1
	Q5_0
	Q5_1
	Q4_K
	Q5_K
	Q6_K
)

var formatNames = [...]string{
	Invalid: "invalid", F64: "F64", F32: "F32", F16: "F16", BF16: "BF16", F8E4M3: "F8_E4M3", F8E5M2: "F8_E5M2",
	NF4: "NF4", FP4: "FP4", U4: "U4", Q8_0: "Q8_0", Q4_0: "Q4_0", Q4_1: "Q4_1", Q5_0: "Q5_0", Q5_1: "Q5_1",
	Q4_K: "Q4_K", Q5_K: "Q5_K", Q6_K: "Q6_K",
}

// String returns the name that files of the format use: "BF16", "Q4_K".
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return formatNames[Invalid]
}

// Size returns the bytes that a number takes in a dense format, and 0 for the
// formats whose numbers share bytes: NF4, FP4, U4 and the blocks of GGML.
func (f Format) Size() int {
	switch f {
	case F64:
		return 8
	case F32:
		return 4
	case F16, BF16:
		return 2
	case F8E4M3, F8E5M2:
		return 1
	}
	return 0
}

// Matrix is a weight of Rows outputs by Cols inputs, row-major, as its source
// holds it. A vector is a matrix of one row. Implementations are immutable and
// safe for concurrent use, so that many goroutines can pack one matrix straight
// from a memory-mapped file.
type Matrix interface {
	Rows() int
	Cols() int
	Format() Format
	// ReadRows dequantises the rows from, from+1, … into dst, as many as fit:
	// len(dst) is a multiple of Cols. Rows that the matrix does not have are
	// an error.
	ReadRows(dst []float32, from int) error
}

// ReadAll dequantises the whole of m into new memory, [Rows][Cols]. It is meant
// for vectors and small matrices.
func ReadAll(m Matrix) ([]float32, error) {
	dst := make([]float32, m.Rows()*m.Cols())
	return dst, m.ReadRows(dst, 0)
}
