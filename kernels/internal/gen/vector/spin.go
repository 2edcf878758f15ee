package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// spins writes loops of arithmetic on registers, with chains enough to hide
// its latency.
func spins() {
	spin("spinFMAAVX2", "spinFMAAVX2 does 12 · 8 multiply-adds a round.", 12, func(acc, x, _ VecVirtual) {
		VFMADD231PS(x, x, acc)
	})
	spin("spinDotAVX2", "spinDotAVX2 does 8 · 32 products a round.", 8, func(acc, x, ones VecVirtual) {
		t := YMM()
		VPMADDUBSW(x, x, t)
		VPMADDWD(ones, t, t)
		VPADDD(t, acc, acc)
	})
}

func spin(name, doc string, chains int, step func(acc, x, y VecVirtual)) {
	begin(name, "func(n int)", doc)
	n := Load(Param("n"), GP64())
	x, y := zeroed(), zeroed()
	acc := make([]VecVirtual, chains)
	for i := range acc {
		acc[i] = zeroed()
	}
	Label("loop")
	DECQ(n)
	JL(LabelRef("done"))
	for _, a := range acc {
		step(a, x, y)
	}
	JMP(LabelRef("loop"))
	Label("done")
	end()
}
