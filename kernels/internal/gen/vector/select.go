package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func selections() {
	begin("scaleMaxAVX2", "func(x []float32, scale float32) float32", "scaleMaxAVX2 is scaleMaxGo, but for the sign of a greatest zero.")
	x := pointer("x")
	scale := broadcast("scale")
	acc := accumulators(lowest)
	sumLoop(Load(Param("x").Len(), GP64()), func(v access, part int) {
		a := v.load(x)
		VMULPS(scale, a, a)
		v.store(a, x)
		greater(acc[part], a, v)
	})
	Store(fold(acc, vmaxps), ReturnIndex(0))
	end()

	begin("scanAVX2", "func(x []float32) (greatest float32, finite bool)",
		"scanAVX2 is scanGo, but for the sign of a greatest zero.")
	x = pointer("x")
	acc = accumulators(lowest)
	zero := zeroed()
	// x·0 is a zero, or NaN where x is not finite.
	bad := accumulators(zeroed)
	sumLoop(Load(Param("x").Len(), GP64()), func(v access, part int) {
		a := v.load(x)
		VFMADD231PS(zero, a, bad[part])
		greater(acc[part], a, v)
	})
	VADDPS(bad[0], bad[1], bad[0])
	const unordered = 3
	VCMPPS(Imm(unordered), bad[0], bad[0], bad[0])
	lanes := GP32()
	VMOVMSKPS(bad[0], lanes)
	TESTL(lanes, lanes)
	finite := GP8()
	SETEQ(finite)
	Store(finite, Return("finite"))
	Store(fold(acc, vmaxps), Return("greatest"))
	end()

	begin("maxWordsAVX2", "func(x []float32, allowed []uint64) float32",
		"maxWordsAVX2 is maxAllowedGo for 64 values a word, but for the sign of a greatest zero.")
	x = pointer("x")
	words := pointer("allowed")
	n := Load(Param("allowed").Len(), GP64())
	acc = accumulators(lowest)
	floor := lowest()
	// shifts[b] moves bit 8b+j of a dword to the sign of lane j.
	var shifts [4]VecVirtual
	table := GLOBL("bitToSign", RODATA|NOPTR)
	for i := range 32 {
		DATA(4*i, U32(uint32(31-i)))
	}
	for b := range shifts {
		shifts[b] = YMM()
		VMOVDQU(table.Offset(32*b), shifts[b])
	}
	i := GP64()
	XORQ(i, i)
	Label("words")
	CMPQ(i, n)
	JGE(LabelRef("folded"))
	CMPQ(Mem{Base: words, Index: i, Scale: 8}, Imm(0))
	JE(LabelRef("next"))
	for half := range 2 {
		bits := YMM()
		VPBROADCASTD(Mem{Base: words, Index: i, Scale: 8, Disp: 4 * half}, bits)
		for b := range 4 {
			mask, a := YMM(), YMM()
			VPSLLVD(shifts[b], bits, mask)
			VBLENDVPS(mask, Mem{Base: x, Disp: 128*half + 32*b}, floor, a)
			VMAXPS(acc[b%2], a, acc[b%2])
		}
	}
	Label("next")
	ADDQ(I32(256), x)
	INCQ(i)
	JMP(LabelRef("words"))
	Label("folded")
	Store(fold(acc, vmaxps), ReturnIndex(0))
	end()

	begin("firstEqualWordsAVX2", "func(x []float32, allowed []uint64, v float32) int",
		"firstEqualWordsAVX2 is firstEqualGo for 64 values a word.")
	x = pointer("x")
	words = pointer("allowed")
	n = Load(Param("allowed").Len(), GP64())
	v := broadcast("v")
	i = GP64()
	XORQ(i, i)
	Label("words")
	CMPQ(i, n)
	JGE(LabelRef("none"))
	word := GP64()
	MOVQ(Mem{Base: words, Index: i, Scale: 8}, word)
	TESTQ(word, word)
	JZ(LabelRef("next"))
	equal := GP64()
	XORQ(equal, equal)
	for b := 7; b >= 0; b-- {
		e, lanes := YMM(), GP32()
		VCMPPS(Imm(0), Mem{Base: x, Disp: 32 * b}, v, e)
		VMOVMSKPS(e, lanes)
		SHLQ(Imm(8), equal)
		ORQ(lanes.As64(), equal)
	}
	ANDQ(equal, word)
	JNZ(LabelRef("found"))
	Label("next")
	ADDQ(I32(256), x)
	INCQ(i)
	JMP(LabelRef("words"))
	Label("found")
	at := GP64()
	BSFQ(word, at)
	SHLQ(Imm(6), i)
	ADDQ(at, i)
	Store(i, ReturnIndex(0))
	end()
	Label("none")
	MOVQ(I32(-1), i)
	Store(i, ReturnIndex(0))
	end()
}

// lowest returns a vector of -Inf.
func lowest() VecVirtual {
	v := vector()
	VMOVUPS(real32("minusInfinity", float32(math.Inf(-1))), v)
	return v
}

// greater raises acc to a where a is greater; NaNs and what is masked off
// never are.
func greater(acc, a VecVirtual, v access) {
	if v.mask != nil {
		VBLENDVPS(v.mask, a, lowest(), a)
	}
	VMAXPS(acc, a, acc)
}

func vmaxps(x, y, dst Op) { VMAXPS(x, y, dst) }
