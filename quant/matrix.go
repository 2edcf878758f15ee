package quant

// Format says how a weight's numbers are stored.
type Format uint8

// The storage formats that checkpoints use.
const (
	Invalid Format = iota
	F64
	F32
	F16
	BF16
	F8E4M3
	F8E5M2
	NF4 // bitsandbytes
	FP4 // bitsandbytes
	Q8_0
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
	NF4: "NF4", FP4: "FP4", Q8_0: "Q8_0", Q4_0: "Q4_0", Q4_1: "Q4_1", Q5_0: "Q5_0", Q5_1: "Q5_1",
	Q4_K: "Q4_K", Q5_K: "Q5_K", Q6_K: "Q6_K",
}

// String is the name that the format's own files use.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return formatNames[Invalid]
}

// Size is the bytes that a number takes in a dense format, 0 for a block format.
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

// Matrix is a weight of Rows outputs by Cols inputs, row-major, as its
// source holds it. Vectors are matrices of one row. Implementations are
// immutable and safe for concurrent use, so that packing can run in parallel
// straight from a memory-mapped file.
type Matrix interface {
	Rows() int
	Cols() int
	Format() Format
	// ReadRows dequantises the rows from, from+1, … into dst, whose length
	// is a multiple of Cols.
	ReadRows(dst []float32, from int) error
}

// ReadAll dequantises the whole of m: for vectors and small matrices.
func ReadAll(m Matrix) ([]float32, error) {
	dst := make([]float32, m.Rows()*m.Cols())
	return dst, m.ReadRows(dst, 0)
}
