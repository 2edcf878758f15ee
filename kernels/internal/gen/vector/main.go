// Command vector writes the AVX2 kernels over whole vectors: norms, rope,
// exponentials and selection. Each equals its twin in Go bit by bit.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	elementwise()
	sums()
	exponentials()
	selections()
	spins()
	Generate()
}

// begin starts a function that does not keep its arguments.
func begin(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
}

// end returns; call it after the results are stored.
func end() {
	VZEROUPPER()
	RET()
}

// broadcast loads a float32 parameter into all lanes.
func broadcast(param string) VecVirtual {
	addr, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := YMM()
	VBROADCASTSS(addr.Addr, v)
	return v
}

// pointer loads the base of a slice parameter.
func pointer(param string) Register {
	return Load(Param(param).Base(), GP64())
}

// constant returns the address of 8 equal float32s or bit patterns.
func constant(name string, bits uint32) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(bits))
	}
	constants[name] = m
	return m
}

var constants = map[string]Mem{}

// tailMasks returns the address of 16 dwords of ones, then 16 of zeros: 16
// lanes with the first r set begin at dword 16-r.
func tailMasks() Mem {
	const name = "tailMasks"
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 32 {
		DATA(4*i, U32(uint32(0xffffffff*(1-i/16))))
	}
	constants[name] = m
	return m
}

// maskOf loads the mask of the given 8 of 16 lanes, of which the first left
// (a register, 0 to 16) are set.
func maskOf(left Register, half int) VecVirtual {
	at := GP64()
	MOVQ(U32(16), at)
	SUBQ(left, at)
	base := GP64()
	LEAQ(tailMasks(), base)
	mask := YMM()
	VMOVUPS(Mem{Base: base, Index: at, Scale: 4, Disp: 32 * half}, mask)
	return mask
}

// elementLoop walks n elements, 8 at a time: body computes one vector from
// addresses given by at; a last partial vector goes through masked, whose
// loads and stores see the mask.
func elementLoop(label string, n Register, body func(v access)) {
	i := GP64()
	XORQ(i, i)
	whole := GP64()
	MOVQ(n, whole)
	ANDQ(I32(-8), whole)
	Label(label + "8")
	CMPQ(i, whole)
	JGE(LabelRef(label + "Tail"))
	body(access{index: i})
	ADDQ(Imm(8), i)
	JMP(LabelRef(label + "8"))
	Label(label + "Tail")
	left := GP64()
	MOVQ(n, left)
	SUBQ(whole, left)
	JZ(LabelRef(label + "End"))
	body(access{index: i, mask: maskOf(left, 0), masked: true})
	Label(label + "End")
}

// access is where a vector's elements lie, and which of them exist.
type access struct {
	index  Register
	disp   int // bytes
	mask   VecVirtual
	masked bool
}

func (a access) of(base Register) Mem {
	return Mem{Base: base, Index: a.index, Scale: 4, Disp: a.disp}
}

// load reads 8 elements; those masked off are zeros.
func (a access) load(base Register) VecVirtual {
	v := YMM()
	if a.masked {
		VMASKMOVPS(a.of(base), a.mask, v)
	} else {
		VMOVUPS(a.of(base), v)
	}
	return v
}

func (a access) store(v VecVirtual, base Register) {
	if a.masked {
		VMASKMOVPS(v, a.mask, a.of(base))
	} else {
		VMOVUPS(v, a.of(base))
	}
}

// sumLoop walks n elements, 16 at a time; body gets the half (0, 1) that each
// vector belongs to, that is, which of two accumulators.
func sumLoop(n Register, body func(v access, half int)) {
	i := GP64()
	XORQ(i, i)
	whole := GP64()
	MOVQ(n, whole)
	ANDQ(I32(-16), whole)
	Label("loop16")
	CMPQ(i, whole)
	JGE(LabelRef("tail"))
	body(access{index: i}, 0)
	body(access{index: i, disp: 32}, 1)
	ADDQ(Imm(16), i)
	JMP(LabelRef("loop16"))
	Label("tail")
	left := GP64()
	MOVQ(n, left)
	SUBQ(whole, left)
	JZ(LabelRef("end"))
	body(access{index: i, mask: maskOf(left, 0), masked: true}, 0)
	body(access{index: i, disp: 32, mask: maskOf(left, 1), masked: true}, 1)
	Label("end")
}

// fold joins two accumulators of 8 by op, halving as joinSums does, and
// leaves the outcome in the lowest lane.
func fold(a, b VecVirtual, op func(x, y, dst Op)) Register {
	op(b, a, a)
	low, high := a.AsX(), XMM()
	VEXTRACTF128(Imm(1), a, high)
	op(high, low, low)
	VPERMILPS(Imm(0b1110), low, high)
	op(high, low, low)
	VPERMILPS(Imm(0b01), low, high)
	op(high, low, low)
	return low
}

func zeroed() VecVirtual {
	v := YMM()
	VXORPS(v, v, v)
	return v
}
