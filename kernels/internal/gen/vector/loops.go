// Package vector writes the kernels over whole vectors: norms, rope,
// exponentials, selection, and loops that measure what the processor can do.
package vector

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// Write writes the kernels for AVX2, or those that gain by AVX-512.
func Write() {
	if Wide() {
		exponentials()
		spinFMA()
		spinVNNI()
		return
	}
	elementwise()
	sums()
	exponentials()
	selections()
	spinFMA()
	spinDot()
	xor()
}

// tailMasks returns the address of 16 words of 32 ones, then 16 of zeros: 16
// lanes with the first r set begin at word 16-r.
func tailMasks() Mem {
	var words [32]uint32
	for i := range 16 {
		words[i] = 0xffffffff
	}
	return Table("tailMasks", words[:]...)
}

// maskOf returns the mask of the lanes of a part of 16, of which the first
// left (a register, 0 to 16) are set.
func maskOf(left Register, part int) Register {
	if Wide() {
		bits, mask := GP32(), K()
		MOVL(U32(0xffff), bits)
		BZHIL(left.(GPVirtual).As32(), bits, bits)
		KMOVW(bits, mask)
		return mask
	}
	at := GP64()
	MOVQ(U32(16), at)
	SUBQ(left, at)
	base := GP64()
	LEAQ(tailMasks(), base)
	mask := YMM()
	VMOVUPS(Mem{Base: base, Index: at, Scale: 4, Disp: 32 * part}, mask)
	return mask
}

// elementLoop walks n elements, a vector at a time: body computes the vector that it
// is given access to. A last partial vector is masked.
func elementLoop(n Register, body func(v access)) {
	i, whole, left := begun(n, Lanes())
	body(access{index: i})
	repeat(i, Lanes())
	finish(n, whole, left)
	body(access{index: i, mask: maskOf(left, 0)})
	Label("end")
}

// sumLoop walks n elements, 16 at a time. body gets access to a vector, and the
// part of the 16 that it is: the index of its accumulator.
func sumLoop(n Register, body func(v access, part int)) {
	i, whole, left := begun(n, 16)
	for part := range Parts() {
		body(access{index: i, disp: part * VectorBytes()}, part)
	}
	repeat(i, 16)
	finish(n, whole, left)
	for part := range Parts() {
		body(access{index: i, disp: part * VectorBytes(), mask: maskOf(left, part)}, part)
	}
	Label("end")
}

// begun starts a loop over the whole steps of n elements: i counts elements up to
// whole; left is for finish.
func begun(n Register, step int) (i, whole, left GPVirtual) {
	i, whole, left = GP64(), GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, whole)
	ANDQ(I32(-step), whole)
	Label("loop")
	Note("%d numbers at a time, from %s on up to %s.", step, i, whole)
	CMPQ(i, whole)
	JGE(LabelRef("tail"))
	return i, whole, left
}

func repeat(i Register, step int) {
	ADDQ(Imm(uint64(step)), i)
	JMP(LabelRef("loop"))
}

// finish sets left to the number of elements for the tail, and jumps to the end if
// it is 0.
func finish(n, whole, left Register) {
	Label("tail")
	Note("What is left, under a mask.")
	MOVQ(n, left)
	SUBQ(whole, left)
	JZ(LabelRef("end"))
}

// access says where the elements of a vector lie, and which of them exist.
type access struct {
	index Register
	disp  int      // bytes
	mask  Register // nil: all exist
}

func (a access) of(base Register) Mem {
	return Mem{Base: base, Index: a.index, Scale: 4, Disp: a.disp}
}

// load reads a vector; elements masked off are zeros.
func (a access) load(base Register) VecVirtual {
	v := NewVector()
	switch {
	case a.mask == nil:
		VMOVUPS(a.of(base), v)
	case Wide():
		VMOVUPS_Z(a.of(base), a.mask, v)
	default:
		VMASKMOVPS(a.of(base), a.mask, v)
	}
	return v
}

func (a access) store(v VecVirtual, base Register) {
	switch {
	case a.mask == nil:
		VMOVUPS(v, a.of(base))
	case Wide():
		VMOVUPS(v, a.mask, a.of(base))
	default:
		VMASKMOVPS(v, a.mask, a.of(base))
	}
}

// clear zeroes the elements of v that don't exist.
func (a access) clear(v VecVirtual) {
	switch {
	case a.mask == nil:
	case Wide():
		VMOVAPS_Z(v, a.mask, v)
	default:
		VANDPS(a.mask, v, v)
	}
}

// accumulators returns vectors for 16 partial results.
func accumulators(start func() VecVirtual) []VecVirtual {
	var acc []VecVirtual
	for range Parts() {
		acc = append(acc, start())
	}
	return acc
}

// fold joins 16 partial results by op, halving as joinSums in package kernels
// does, and returns a register whose lowest lane is the outcome.
func fold(acc []VecVirtual, op func(x, y, dst Op)) Register {
	a := acc[0].AsY()
	if Wide() {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), acc[0], upper)
		op(upper, a, a)
	} else {
		op(acc[1], a, a)
	}
	low, high := acc[0].AsX(), XMM()
	VEXTRACTF128(Imm(1), a, high)
	op(high, low, low)
	VPERMILPS(Imm(0b1110), low, high)
	op(high, low, low)
	VPERMILPS(Imm(0b01), low, high)
	op(high, low, low)
	return low
}
