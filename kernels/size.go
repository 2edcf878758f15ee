package kernels

import "github.com/medner/medner/internal/kinds"

// Size is the bytes that a matrix takes packed in the format f, padding included:
// what [Weights.Bytes] is then. For U4, whose groups matter, there is [FourBit.Size].
func Size(f Format, rows, cols int) int64 {
	k := [...]kinds.Kind{F32: kinds.F32, BF16: kinds.BF16, F16: kinds.F16, Int8: kinds.Int8, NF4: kinds.Bits4, FP4: kinds.Bits4}[f]
	w := Weights{rows: rows, cols: cols, kind: k}
	return 4 * int64(w.tiles()) * int64(w.tileWords()+w.tileScales())
}
