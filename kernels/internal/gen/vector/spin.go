package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The loops below do arithmetic on registers alone, in chains enough to hide
// its latency.

func spinFMA() {
	spin("spinFMA", "multiply-adds", 12, func(acc, x, _ VecVirtual) {
		VFMADD231PS(x, x, acc)
	})
}

func spinDot() {
	spin("spinDot", "runs of 4 products", 8, func(acc, x, ones VecVirtual) {
		t := YMM()
		VPMADDUBSW(x, x, t)
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
	begin(name+suffix, "func(n int)", fmt.Sprintf("%s%s does %d vectors of %s a round.", name, suffix, chains, what))
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
