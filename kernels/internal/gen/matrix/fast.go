package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The products of integers in AVX2. VPMADDUBSW multiplies unsigned by signed
// bytes and adds pairs in 16 bits. Codes of 4-bit weights plus 86 are unsigned,
// and their pairs never saturate as x is scaled. Of int8 weights it multiplies
// |w| and x with the sign of w, whose pairs are at most 2·128·127.

// As the constants of these names in Go.
const (
	codeMost = 86
	pairMost = 189
)

// addDots adds the products of 8 words of unsigned weights, four steps of K of
// a row each, and x, four codes repeated, to sum.
func addDots(w, x, ones, sum VecVirtual) {
	t := YMM()
	VPMADDUBSW(x, w, t)
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
	table, code := YMM(), integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	VPADDB(raised, table, table)
	return table
}

// addScaled adds sum times the rows' scales and a scale of x to the numbers at
// m.
func addScaled(sum VecVirtual, scales Mem, x VecVirtual, m Mem) {
	t, acc := isa.vector(), isa.vector()
	VCVTDQ2PS(sum, sum)
	VMULPS(scales, x, t)
	VMOVUPS(m, acc)
	VFMADD231PS(sum, t, acc)
	VMOVUPS(acc, m)
}

// newOnes is 16 bits of 1 repeated.
func newOnes() VecVirtual {
	v := YMM()
	VPCMPEQW(v, v, v)
	VPSRLW(Imm(15), v, v)
	return v
}
