package vector

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

func selections() {
	scaleMax()
	scan()
	maxWords()
	firstEqualWords()
}

func scaleMax() {
	Begin("scaleMax", "func(x []float32, scale float32) float32", "scaleMaxGo, but for the sign of a greatest zero.",
		"x[i] *= scale; return the greatest x[i], NaN apart")
	x := Pointer("x")
	scale := Broadcast("scale")
	acc := accumulators(lowest)
	sumLoop(Length("x"), func(v access, part int) {
		a := v.load(x)
		VMULPS(scale, a, a)
		v.store(a, x)
		greater(acc[part], a, v)
	})
	Store(fold(acc, vmaxps), ReturnIndex(0))
	End()
}

func scan() {
	Begin("scan", "func(x []float32) (greatest float32, finite bool)", "scanGo, but for the sign of a greatest zero.",
		"return the greatest x[i], NaN apart, and whether all are finite")
	x := Pointer("x")
	acc := accumulators(lowest)
	zero := NewZero()
	Note("x·0 is a zero, or NaN where x is not finite.")
	bad := accumulators(NewZero)
	sumLoop(Length("x"), func(v access, part int) {
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
	End()
}

func maxWords() {
	Begin("maxWords", "func(x []float32, allowed []uint64) float32", "maxAllowedGo for 64 values a word, but for the sign of a greatest zero.",
		"return the greatest x[i] whose bit i of allowed is set")
	x := Pointer("x")
	words := Pointer("allowed")
	n := Length("allowed")
	acc := accumulators(lowest)
	floor := lowest()
	// shifts[b] moves bit 8b+j of a dword to the sign of lane j.
	var shifts [4]VecVirtual
	var signs [32]uint32
	for i := range signs {
		signs[i] = uint32(31 - i)
	}
	table := Table("bitToSign", signs[:]...)
	for b := range shifts {
		shifts[b] = YMM()
		VMOVDQU(table.Offset(32*b), shifts[b])
	}
	i := GP64()
	XORQ(i, i)
	Label("words")
	CMPQ(i, n)
	JGE(LabelRef("folded"))
	Note("Word %s of %s, 64 values of x.", i, n)
	CMPQ(Mem{Base: words, Index: i, Scale: 8}, Imm(0))
	JE(LabelRef("next"))
	for half := range 2 {
		Note("Bits from %d on, moved to the signs of 8 lanes at a time, choose x or -Inf (%s).", 32*half, floor)
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
	End()
}

func firstEqualWords() {
	Begin("firstEqualWords", "func(x []float32, allowed []uint64, v float32) int", "firstEqualGo for 64 values a word.",
		"return the first i with x[i] == v whose bit i of allowed is set, or -1")
	x := Pointer("x")
	words := Pointer("allowed")
	n := Length("allowed")
	v := Broadcast("v")
	i := GP64()
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
	Note("A bit of %s for each of the 64 values that equals v.", equal)
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
	End()
	Label("none")
	MOVQ(I32(-1), i)
	Store(i, ReturnIndex(0))
	End()
}

// lowest returns a vector of -Inf.
func lowest() VecVirtual {
	v := NewVector()
	VMOVUPS(Real("minusInfinity", float32(math.Inf(-1))), v)
	return v
}

// greater raises acc to a where a is greater: NaNs are never greater, nor are
// elements that don't exist.
func greater(acc, a VecVirtual, v access) {
	if v.mask != nil {
		VBLENDVPS(v.mask, a, lowest(), a)
	}
	VMAXPS(acc, a, acc)
}

func vmaxps(x, y, dst Op) { VMAXPS(x, y, dst) }
