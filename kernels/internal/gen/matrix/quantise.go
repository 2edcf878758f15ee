package matrix

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// quantise writes fastOps.quantise for whole blocks of 64.
func quantise() {
	Begin("quantise", "func(words []uint32, scales []float32, sums []int32, x []float32, n int)",
		"quantiseGo for whole blocks.",
		"for each block b of 64 numbers of x:\n"+
			"\ttop = max(max |x|, 127/188·(greatest sum of a sign of steps k, k+1, k+4, k+5))\n"+
			"\tscales[b·n] = top/127\n"+
			"\twords[b·n·16 …] = 64 bytes round(x·127/top)\n"+
			"\tsums[2b·n], sums[(2b+1)·n] = sum of the first 32 codes, of the others")
	words, scales, sums, x := Pointer("words"), Pointer("scales"), Pointer("sums"), Pointer("x")
	left, stride, wordStride := Length("x"), FloatBytes("n"), GP64()
	SHRQ(Imm(6), left)
	MOVQ(stride, wordStride)
	SHLQ(Imm(4), wordStride)
	sum := []Mem{{Base: sums}, {Base: sums, Index: stride, Scale: 1}}
	magnitude, most := Repeated("magnitude", 0x7fffffff), Repeated("codeMax", math.Float32bits(127))
	fourShare := Repeated("fourShare", math.Float32bits(127/float32(fourMost)))
	order := Table("packedOrder", 0, 4, 1, 5, 2, 6, 3, 7)
	Label("block")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	// Magnitudes are compared as integers, which order them as floats do and put
	// NaN last.
	top, four, half := NewZero(), XMM(), XMM()
	Note("8 numbers at a time: the greatest magnitudes in %s, the greatest sums of four of a\nsign in %s. %s blocks are left.", top, four, left)
	VXORPS(four, four, four)
	zero := NewZero()
	for i := range 8 {
		v, above, below := YMM(), YMM(), YMM()
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, v)
		VMAXPS(zero, v, above)
		VMINPS(zero, v, below)
		VPAND(magnitude, v, v)
		VPMAXUD(v, top, top)
		VHADDPS(below, above, above)
		VEXTRACTF128(Imm(1), above, half)
		VADDPS(half, above.AsX(), half)
		VPAND(magnitude, half, half)
		VPMAXUD(half, four, four)
	}
	VMULPS(fourShare, four, four)
	VEXTRACTI128(Imm(1), top, half)
	VPMAXUD(four, top.AsX(), top.AsX())
	VPMAXUD(half, top.AsX(), top.AsX())
	for _, swap := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(swap), top.AsX(), half)
		VPMAXUD(half, top.AsX(), top.AsX())
	}
	bits := GP32()
	VMOVD(top.AsX(), bits)
	CMPL(bits, U32(0x7f7fffff))
	JHI(LabelRef("infinite"))
	CMPL(bits, U32(math.Float32bits(Float32("tiny8"))))
	JCS(LabelRef("tiny"))

	Note("Rounded, as int16 in the order that packing leaves.")
	VPBROADCASTD(top.AsX(), top)
	scale, inverse := YMM(), YMM()
	VMOVUPS(most, inverse)
	VDIVPS(inverse, top, scale)
	VDIVPS(top, inverse, inverse)
	VMOVSS(scale.AsX(), Mem{Base: scales})
	var pairs [4]VecVirtual // of vectors, as int16
	for i := range 8 {
		v := YMM()
		VMULPS(Mem{Base: x, Disp: 32 * i}, inverse, v)
		VCVTPS2DQ(v, v)
		if i%2 == 0 {
			pairs[i/2] = v
		} else {
			VPACKSSDW(v, pairs[i/2], pairs[i/2])
		}
	}
	ones, permutation := newOnes(), YMM()
	VMOVDQU(order, permutation)
	for h := range 2 {
		Note("Half %d of the block: its sum, and its codes as bytes in order.", h)
		a, b := pairs[2*h], pairs[2*h+1]
		v := YMM()
		VPADDW(a, b, v)
		VPMADDWD(ones, v, v)
		VEXTRACTI128(Imm(1), v, half)
		VPADDD(half, v.AsX(), v.AsX())
		for _, swap := range []uint64{0x4e, 0xb1} {
			VPSHUFD(Imm(swap), v.AsX(), half)
			VPADDD(half, v.AsX(), v.AsX())
		}
		VMOVD(v.AsX(), sum[h])
		VPACKSSWB(b, a, a)
		VPERMD(a, permutation, a)
		VMOVDQU(a, Mem{Base: words, Disp: 32 * h})
	}
	Label("next")
	ADDQ(wordStride, words)
	ADDQ(stride, scales)
	LEAQ(Mem{Base: sums, Index: stride, Scale: 2}, sums)
	ADDQ(I32(256), x)
	DECQ(left)
	JMP(LabelRef("block"))

	Label("infinite")
	Note("Infinite or NaN: the scale is NaN, the codes zeros.")
	MOVL(U32(0x7fc00000), Mem{Base: scales})
	JMP(LabelRef("nothing"))
	Label("tiny")
	Note("So small that 127/top overflows: all is zero.")
	MOVL(U32(0), Mem{Base: scales})
	Label("nothing")
	nothing := NewZero()
	VMOVDQU(nothing, Mem{Base: words})
	VMOVDQU(nothing, Mem{Base: words, Disp: 32})
	MOVL(U32(0), sum[0])
	MOVL(U32(0), sum[1])
	JMP(LabelRef("next"))

	Label("done")
	End()
}
