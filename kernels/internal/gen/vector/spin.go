package vector

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// The loops below do arithmetic on registers alone, in chains enough to hide
// its latency.

func spinFMA() {
	spin("spinFMA", "multiply-adds", 12, func(acc, x, _ VecVirtual) {
		VFMADD231PS(x, x, acc)
	})
}

// spinDot writes the instructions of the product with 4-bit weights, the one of
// AVX2's products that uses multipliers best.
func spinDot() {
	spin("spinDot", "runs of 8 products", 8, func(acc, x, ones VecVirtual) {
		t, u := YMM(), YMM()
		VPMADDUBSW(x, x, t)
		VPMADDUBSW(x, x, u)
		VPADDW(u, t, t)
		VPMADDWD(ones, t, t)
		VPADDD(t, acc, acc)
	})
}

func spinVNNI() {
	spin("spinDot", "runs of 4 products", 12, func(acc, x, _ VecVirtual) {
		VPDPBUSD(x, x, acc)
	})
}

func spin(name, what string, chains int, step func(acc, x, y VecVirtual)) {
	Begin(name, "func(n int)", fmt.Sprintf("a loop of n rounds of %d vectors of %s.", chains, what),
		"arithmetic on registers alone, in chains enough to hide its latency")
	n := Integer("n")
	x, y := NewZero(), NewZero()
	acc := make([]VecVirtual, chains)
	for i := range acc {
		acc[i] = NewZero()
	}
	Label("loop")
	DECQ(n)
	JL(LabelRef("done"))
	for _, a := range acc {
		step(a, x, y)
	}
	JMP(LabelRef("loop"))
	Label("done")
	End()
}

func xor() {
	Begin("xor", "func(x []uint64) uint64", "xorGo for lengths that are multiples of 16.", "return x[0] ^ x[1] ^ …")
	x, n := Pointer("x"), Length("x")
	acc := []VecVirtual{NewZero(), NewZero(), NewZero(), NewZero()}
	Label("loop")
	SUBQ(Imm(16), n)
	JL(LabelRef("folded"))
	for i, a := range acc {
		VPXOR(Mem{Base: x, Disp: 32 * i}, a, a)
	}
	SUBQ(I32(-128), x)
	JMP(LabelRef("loop"))
	Label("folded")
	VPXOR(acc[1], acc[0], acc[0])
	VPXOR(acc[3], acc[2], acc[2])
	VPXOR(acc[2], acc[0], acc[0])
	low, high := acc[0].AsX(), XMM()
	VEXTRACTI128(Imm(1), acc[0], high)
	VPXOR(high, low, low)
	a, b := GP64(), GP64()
	VPEXTRQ(Imm(0), low, a)
	VPEXTRQ(Imm(1), low, b)
	XORQ(b, a)
	Store(a, ReturnIndex(0))
	End()
}
