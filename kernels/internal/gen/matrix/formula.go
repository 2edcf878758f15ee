package matrix

import (
	"fmt"

	"github.com/medner/medner/internal/kinds"
)

// vectorFormula says what vectorKernel computes.
func (f *format) vectorFormula() string {
	sum := fmt.Sprintf("\ts = Σ_k w[k][r]·x[c·xStride + k]     of a block of %d along K, fused, k ascending\n", f.Block)
	if f.last() {
		sum += "\ty[c·yStride + t·16 + r] += scale[block][r]·s     fused"
	} else {
		sum += "\ty[c·yStride + t·16 + r] += s"
	}
	return "y = 0; for each tile t of 16 rows r, token c < n, block along K:\n" + sum + f.weightFormula()
}

// weightFormula says what weights are where the words hold codes.
func (f *format) weightFormula() string {
	switch {
	case f.Round == kinds.ToBF16:
		return "\nA weight is its code's value times its scale, rounded to bfloat16."
	case f.Round == kinds.ToF16:
		return "\nA weight is its code's value times its scale, rounded to float16."
	case f.Codebook:
		return "\nA weight is its code's value."
	case f.Zeros:
		return "\nA weight is its code less its group's zero; a group has some blocks."
	}
	return ""
}

// goName is the kind's name in package kinds.
func (f *format) goName() string {
	if f.Codebook {
		return "Bits" + f.Name
	}
	return f.Name
}
