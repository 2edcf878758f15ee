package kernels

// Size is the bytes that a matrix takes packed in the format f, padding
// included: what [Weights.Bytes] is then.
func Size(f Format, rows, cols int) int64 {
	kinds := [...]kind{F32: kindF32, BF16: kindBF16, F16: kindF16, Int8: kindInt8, NF4: kind4, FP4: kind4}
	w := Weights{rows: rows, cols: cols, kind: kinds[f]}
	return 4 * int64(w.tiles()) * int64(w.tileWords()+w.tileScales())
}
