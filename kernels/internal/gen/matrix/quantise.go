package matrix

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// quantiseBody has the registers of quantise.
type quantiseBody struct {
	x, words, scales Register
	left             Register // blocks
	half             Register // scratch
}

// quantise writes fastOps.quantise for whole blocks of 64.
func quantise() {
	Begin("quantise", "func(words []uint32, scales []float32, sums []int32, x []float32, n int)",
		"quantiseGo for whole blocks.",
		"for each block b of 64 numbers of x:\n"+
			"\ttop = max(max |x|, 127/188·(greatest sum of a sign of steps k, k+1, k+4, k+5))\n"+
			"\tscales[b·n] = top/127\n"+
			"\twords[b·n·16 …] = 64 bytes round(x·127/top)\n"+
			"\tsums[2b·n], sums[(2b+1)·n] = sum of the first 32 codes, of the others")
	q := &quantiseBody{words: Pointer("words"), scales: Pointer("scales")}
	sums := Pointer("sums")
	q.x, q.left = Pointer("x"), Length("x")
	stride, wordStride := FloatBytes("n"), GP64()
	SHRQ(Imm(6), q.left)
	MOVQ(stride, wordStride)
	SHLQ(Imm(4), wordStride)
	sum := []Mem{{Base: sums}, {Base: sums, Index: stride, Scale: 1}}
	Label("block")
	TESTQ(q.left, q.left)
	JZ(LabelRef("done"))
	top := q.top()
	bits := GP32()
	VMOVD(top.AsX(), bits)
	CMPL(bits, U32(0x7f7fffff))
	JHI(LabelRef("infinite"))
	CMPL(bits, U32(math.Float32bits(Float32("tiny8"))))
	JCS(LabelRef("tiny"))
	q.store(q.round(top), sum)
	Label("next")
	ADDQ(wordStride, q.words)
	ADDQ(stride, q.scales)
	LEAQ(Mem{Base: sums, Index: stride, Scale: 2}, sums)
	ADDQ(I32(256), q.x)
	DECQ(q.left)
	JMP(LabelRef("block"))

	Label("infinite")
	Note("Infinite or NaN: the scale is NaN, the codes zeros.")
	MOVL(U32(0x7fc00000), Mem{Base: q.scales})
	JMP(LabelRef("nothing"))
	Label("tiny")
	Note("So small that 127/top overflows: all is zero.")
	MOVL(U32(0), Mem{Base: q.scales})
	Label("nothing")
	nothing := NewZero()
	VMOVDQU(nothing, Mem{Base: q.words})
	VMOVDQU(nothing, Mem{Base: q.words, Disp: 32})
	MOVL(U32(0), sum[0])
	MOVL(U32(0), sum[1])
	JMP(LabelRef("next"))

	Label("done")
	End()
}

// top returns the greatest magnitude of a block, or if that is greater, 127/188 of
// the greatest sum of four of a sign, in the lowest lane. Magnitudes are compared
// as integers, which order them as floats do and put NaN last.
func (q *quantiseBody) top() VecVirtual {
	magnitude := Repeated("magnitude", 0x7fffffff)
	top, four, half := NewZero(), XMM(), XMM()
	q.half = half
	Note("8 numbers at a time: the greatest magnitudes in %s, the greatest sums of four of a\nsign in %s. %s blocks are left.", top, four, q.left)
	VXORPS(four, four, four)
	zero := NewZero()
	for i := range 8 {
		v, above, below := YMM(), YMM(), YMM()
		VMOVUPS(Mem{Base: q.x, Disp: 32 * i}, v)
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
	VMULPS(Real("fourShare", 127/float32(fourMost)), four, four)
	VEXTRACTI128(Imm(1), top, half)
	VPMAXUD(four, top.AsX(), top.AsX())
	VPMAXUD(half, top.AsX(), top.AsX())
	for _, swap := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(swap), top.AsX(), half)
		VPMAXUD(half, top.AsX(), top.AsX())
	}
	return top
}

// round stores the scale of a block and returns its codes as 16-bit numbers: each
// vector has 8 numbers of x and the 8 after them, by four in turn.
func (q *quantiseBody) round(top VecVirtual) (pairs [4]VecVirtual) {
	Note("Rounded, as int16 in the order that packing leaves.")
	VPBROADCASTD(top.AsX(), top)
	scale, inverse := YMM(), YMM()
	VMOVUPS(Real("codeMax", 127), inverse)
	VDIVPS(inverse, top, scale)
	VDIVPS(top, inverse, inverse)
	VMOVSS(scale.AsX(), Mem{Base: q.scales})
	for i := range 8 {
		v := YMM()
		VMULPS(Mem{Base: q.x, Disp: 32 * i}, inverse, v)
		VCVTPS2DQ(v, v)
		if i%2 == 0 {
			pairs[i/2] = v
		} else {
			VPACKSSDW(v, pairs[i/2], pairs[i/2])
		}
	}
	return pairs
}

// store stores the codes of a block as bytes, and the sums of its halves.
func (q *quantiseBody) store(pairs [4]VecVirtual, sum []Mem) {
	ones, permutation, half := newOnes(), YMM(), q.half
	VMOVDQU(Table("packedOrder", 0, 4, 1, 5, 2, 6, 3, 7), permutation)
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
		VMOVDQU(a, Mem{Base: q.words, Disp: 32 * h})
	}
}
