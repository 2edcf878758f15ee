package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// The products of integers in AVX2. VPMADDUBSW multiplies unsigned by signed
// bytes and adds pairs of products in 16 bits. Codes of 4-bit weights plus 86 are
// unsigned, and two pairs together still fit, as x is scaled so (fast.go of
// package kernels). int8 weights are multiplied as |w|·(x with the sign of w): a
// pair is 2·128·127 at most. VPSIGNB, which makes x so for a few tokens, takes the
// ports of multiplications; for many tokens x is complemented, by VPXOR of a mask of
// w's sign, which takes any port, and as -x is ^x + 1, sums begin at Σ |w| of the
// negative w:
//
//	Σ w·x = Σ |w|·(x ^ mask) + Σ |w|     the last sum over the w below 0

// The constants of these names in package kernels.
var (
	codeMost = Size("codeMost")
	fourMost = Size("fourMost")
)

// addDots adds to sum, for 8 rows, the products of two lines of unsigned weights
// and codes of x: a line has a word of four steps of K for each row, x the four
// codes of these steps in each word.
func addDots(w, x [2]VecVirtual, ones Op, sum VecVirtual) {
	t, u := YMM(), YMM()
	VPMADDUBSW(x[0], w[0], t)
	VPMADDUBSW(x[1], w[1], u)
	VPADDW(u, t, t)
	VPMADDWD(ones, t, t)
	VPADDD(t, sum, sum)
}

// addSignedDots adds to sum, for 8 rows, the products of a line of signed weights
// w, whose magnitudes are size, and codes of x.
func addSignedDots(w, size, x, sum VecVirtual) {
	t := YMM()
	VPSIGNB(w, x, t)
	VPMADDUBSW(t, size, t)
	VPMADDWD(wordOnes, t, t)
	VPADDD(t, sum, sum)
}

// addMaskedDots adds to sum, for 8 rows, the products of a line of magnitudes of
// weights and codes of x, complemented under the masks of the weights' signs.
func addMaskedDots(size VecVirtual, mask Mem, x VecVirtual, ones Op, sum VecVirtual) {
	t := YMM()
	VPXOR(mask, x, t)
	VPMADDUBSW(t, size, t)
	VPMADDWD(ones, t, t)
	VPADDD(t, sum, sum)
}

// raisedTable loads the 16 codes of the codebook, plus 86, twice.
func raisedTable() VecVirtual {
	table, code := YMM(), Integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	VPADDB(raised, table, table)
	return table
}

// addScaled sets to = from + (scales·x)·float32(sum) for a vector of rows: scales
// are the rows', x the scale of a token.
func addScaled(sum VecVirtual, scales Mem, x VecVirtual, from, to Mem) {
	t, acc := NewVector(), NewVector()
	VCVTDQ2PS(sum, sum)
	VMULPS(scales, x, t)
	VMOVUPS(from, acc)
	VFMADD231PS(sum, t, acc)
	VMOVUPS(acc, to)
}

// newOnes returns a vector of 16-bit ones.
func newOnes() VecVirtual {
	v := YMM()
	VPCMPEQW(v, v, v)
	VPSRLW(Imm(15), v, v)
	return v
}
