package vector

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

func elementwise() {
	scaleWeight()
	add()
	mul()
	addScaled()
	divide()
	rotate()
	toHalf()
}

func scaleWeight() {
	Begin("scaleWeight", "func(dst, x, weight []float32, scale float32)", "scaleWeightGo.", "dst[i] = (x[i]·scale)·weight[i]")
	dst, x, w := Pointer("dst"), Pointer("x"), Pointer("weight")
	scale := Broadcast("scale")
	elementLoop(Length("x"), func(v access) {
		a := v.load(x)
		VMULPS(scale, a, a)
		VMULPS(v.load(w), a, a)
		v.store(a, dst)
	})
	End()
}

func add() {
	Begin("add", "func(dst, x []float32)", "addGo.", "dst[i] += x[i]")
	dst, x := Pointer("dst"), Pointer("x")
	elementLoop(Length("x"), func(v access) {
		a := v.load(dst)
		VADDPS(v.load(x), a, a)
		v.store(a, dst)
	})
	End()
}

func mul() {
	Begin("mul", "func(dst, x []float32)", "mulGo.", "dst[i] *= x[i]")
	dst, x := Pointer("dst"), Pointer("x")
	elementLoop(Length("x"), func(v access) {
		a := v.load(dst)
		VMULPS(v.load(x), a, a)
		v.store(a, dst)
	})
	End()
}

func addScaled() {
	Begin("addScaled", "func(dst, x []float32, scale float32)", "addScaledGo.", "dst[i] += round(x[i]·scale)")
	dst, x := Pointer("dst"), Pointer("x")
	scale := Broadcast("scale")
	elementLoop(Length("x"), func(v access) {
		a := v.load(x)
		VMULPS(scale, a, a)
		VADDPS(v.load(dst), a, a)
		v.store(a, dst)
	})
	End()
}

func divide() {
	Begin("divide", "func(dst, x []float32, by float32)", "divideGo.", "dst[i] = x[i]/by")
	dst, x := Pointer("dst"), Pointer("x")
	by := Broadcast("by")
	elementLoop(Length("x"), func(v access) {
		a := v.load(x)
		VDIVPS(by, a, a)
		v.store(a, dst)
	})
	End()
}

func rotate() {
	Begin("rotate", "func(a, b, cos, sin []float32)", "rotateGo.", "a[i], b[i] = a[i]·cos[i] - b[i]·sin[i], b[i]·cos[i] + a[i]·sin[i]     each product rounded")
	first, second, cos, sin := Pointer("a"), Pointer("b"), Pointer("cos"), Pointer("sin")
	elementLoop(Length("a"), func(v access) {
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
	End()
}

func toHalf() {
	Begin("toHalf", "func(dst []uint16, x []float32)", "toHalfGo for lengths that are multiples of 8.", "dst[i] = float16(x[i])")
	dst, x := Pointer("dst"), Pointer("x")
	n := Length("x")
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
	End()
}

func sums() {
	Begin("sumSquares", "func(x []float32) float32", "sumSquaresGo.", "s[i mod 16] += x[i]·x[i], fused; return the s joined by halves")
	x := Pointer("x")
	acc := accumulators(NewZero)
	sumLoop(Length("x"), func(v access, part int) {
		a := v.load(x)
		VFMADD231PS(a, a, acc[part])
	})
	Store(fold(acc, vaddps), ReturnIndex(0))
	End()
}

func vaddps(x, y, dst Op) { VADDPS(x, y, dst) }
