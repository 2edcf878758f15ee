package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// The products of integers in AVX2. VPMADDUBSW multiplies unsigned by signed
// bytes and adds pairs in 16 bits. Codes of 4-bit weights plus 86 are unsigned,
// and two such pairs still fit as x is scaled. Of int8 weights it multiplies
// |w| and x with the sign of w, whose pairs are at most 2·128·127.

// As the constants of these names in Go.
const (
	codeMost = 86
	fourMost = 188
)

// addDots adds to sum the products of two lines of 8 words of unsigned weights,
// four steps of K of a row each, and of x, four codes repeated for each line.
func addDots(w, x [2]VecVirtual, ones Op, sum VecVirtual) {
	t, u := YMM(), YMM()
	VPMADDUBSW(x[0], w[0], t)
	VPMADDUBSW(x[1], w[1], u)
	VPADDW(u, t, t)
	VPMADDWD(ones, t, t)
	VPADDD(t, sum, sum)
}

// addSignedDots is addDots of weights and their magnitudes.
func addSignedDots(w, size, x, sum VecVirtual) {
	t := YMM()
	VPSIGNB(w, x, t)
	VPMADDUBSW(t, size, t)
	VPMADDWD(wordOnes, t, t)
	VPADDD(t, sum, sum)
}

// raisedTable is a table of codes plus 86.
func raisedTable() VecVirtual {
	table, code := YMM(), Integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	VPADDB(raised, table, table)
	return table
}

// addScaled sets the numbers at to to those at from and sum times the rows'
// scales and a scale of x.
func addScaled(sum VecVirtual, scales Mem, x VecVirtual, from, to Mem) {
	t, acc := NewVector(), NewVector()
	VCVTDQ2PS(sum, sum)
	VMULPS(scales, x, t)
	VMOVUPS(from, acc)
	VFMADD231PS(sum, t, acc)
	VMOVUPS(acc, to)
}

// newOnes is 16 bits of 1 repeated.
func newOnes() VecVirtual {
	v := YMM()
	VPCMPEQW(v, v, v)
	VPSRLW(Imm(15), v, v)
	return v
}
