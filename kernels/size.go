package kernels

// Size is the bytes that a matrix takes packed, padding included: what
// [Weights.Bytes] is then. 4-bit forms are those of rows that are multiples of
// 64; see [FourBit.Size].
func Size(f Format, rows, cols int) int64 {
	kinds := [...]kind{F32: kindF32, BF16: kindBF16, F16: kindF16, Int8: kindInt8, NF4: kind4, FP4: kind4}
	w := Weights{rows: rows, cols: cols, kind: kinds[f]}
	return 4 * int64(w.tiles()) * int64(w.tileWords()+w.tileScales())
}

// Size is the bytes that [Pack4Bit] will hold of q, whose Packed, Code and
// Absmax may be nil.
func (q *FourBit) Size() int64 {
	if q.dequantised() {
		return Size(q.Round, q.Rows, q.Cols)
	}
	return Size(q.Format, q.Rows, q.Cols)
}

// dequantised says that runs of 64 along a row do not share a scale.
func (q *FourBit) dequantised() bool { return q.Cols%blockK != 0 || q.BlockSize < blockK }
