package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func elementwise() {
	begin("scaleWeightAVX2", "func(dst, x, weight []float32, scale float32)", "scaleWeightAVX2 is scaleWeightGo.")
	dst, x, w := pointer("dst"), pointer("x"), pointer("weight")
	scale := broadcast("scale")
	elementLoop(Load(Param("x").Len(), GP64()), func(v access) {
		a := v.load(x)
		VMULPS(scale, a, a)
		VMULPS(v.load(w), a, a)
		v.store(a, dst)
	})
	end()

	begin("addAVX2", "func(dst, x []float32)", "addAVX2 is addGo.")
	dst, x = pointer("dst"), pointer("x")
	elementLoop(Load(Param("x").Len(), GP64()), func(v access) {
		a := v.load(dst)
		VADDPS(v.load(x), a, a)
		v.store(a, dst)
	})
	end()

	begin("mulAVX2", "func(dst, x []float32)", "mulAVX2 is mulGo.")
	dst, x = pointer("dst"), pointer("x")
	elementLoop(Load(Param("x").Len(), GP64()), func(v access) {
		a := v.load(dst)
		VMULPS(v.load(x), a, a)
		v.store(a, dst)
	})
	end()

	begin("addScaledAVX2", "func(dst, x []float32, scale float32)", "addScaledAVX2 is addScaledGo.")
	dst, x = pointer("dst"), pointer("x")
	scale = broadcast("scale")
	elementLoop(Load(Param("x").Len(), GP64()), func(v access) {
		a := v.load(x)
		VMULPS(scale, a, a)
		VADDPS(v.load(dst), a, a)
		v.store(a, dst)
	})
	end()

	begin("divideAVX2", "func(dst, x []float32, by float32)", "divideAVX2 is divideGo.")
	dst, x = pointer("dst"), pointer("x")
	by := broadcast("by")
	elementLoop(Load(Param("x").Len(), GP64()), func(v access) {
		a := v.load(x)
		VDIVPS(by, a, a)
		v.store(a, dst)
	})
	end()

	begin("rotateAVX2", "func(a, b, cos, sin []float32)", "rotateAVX2 is rotateGo.")
	first, second, cos, sin := pointer("a"), pointer("b"), pointer("cos"), pointer("sin")
	elementLoop(Load(Param("a").Len(), GP64()), func(v access) {
		a, b, c, s := v.load(first), v.load(second), v.load(cos), v.load(sin)
		t := YMM()
		VMULPS(s, b, t)
		VMULPS(c, b, b)
		VMULPS(a, s, s)
		VMULPS(a, c, c)
		VSUBPS(t, c, c)
		VADDPS(s, b, b)
		v.store(c, first)
		v.store(b, second)
	})
	end()

	begin("toHalfAVX2", "func(dst []uint16, x []float32)", "toHalfAVX2 is toHalfGo for lengths that are multiples of 8.")
	dst, x = pointer("dst"), pointer("x")
	n := Load(Param("x").Len(), GP64())
	i := GP64()
	XORQ(i, i)
	Label("loop8")
	CMPQ(i, n)
	JGE(LabelRef("done"))
	a, h := YMM(), XMM()
	VMOVUPS(Mem{Base: x, Index: i, Scale: 4}, a)
	VCVTPS2PH(Imm(0), a, h)
	VMOVUPS(h, Mem{Base: dst, Index: i, Scale: 2})
	ADDQ(Imm(8), i)
	JMP(LabelRef("loop8"))
	Label("done")
	end()
}

func sums() {
	begin("sumSquaresAVX2", "func(x []float32) float32", "sumSquaresAVX2 is sumSquaresGo.")
	x := pointer("x")
	acc := accumulators(zeroed)
	sumLoop(Load(Param("x").Len(), GP64()), func(v access, part int) {
		a := v.load(x)
		VFMADD231PS(a, a, acc[part])
	})
	Store(fold(acc, vaddps), ReturnIndex(0))
	end()
}

func vaddps(x, y, dst Op) { VADDPS(x, y, dst) }
