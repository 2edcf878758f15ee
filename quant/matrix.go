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
	NF4 // bitsandbytes, blocks of 64 over the flattened tensor
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
