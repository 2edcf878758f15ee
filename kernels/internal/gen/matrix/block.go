package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/kernels/internal/gen/addresses"
)

// blockKernel writes matrixOps.block: the sums of all columns and of one or
// more tiles in registers.
func blockKernel() {
	begin("block",
		"func(acc []float32, stride int, panel []float32, reach int, x, scales []float32, scaleReach, k, n, tiles int)",
		"%s is blockGo for k that are multiples of 4.")
	byColumns(isa.blockColumns, func(n int) {
		b := &blockBody{n: n, acc: pointer("acc"), panel: pointer("panel"), scales: pointer("scales"),
			stride: floatBytes("stride"), reach: floatBytes("reach"), scaleReach: floatBytes("scaleReach"),
			tiles: integer("tiles")}
		for _, count := range isa.blockTiles(n) {
			b.loop(count)
		}
	})
}

type blockBody struct {
	n                         int
	acc, panel, scales        Register
	stride, reach, scaleReach Register
	tiles                     Register
}

func (b *blockBody) loop(count int) {
	takeTiles(fmt.Sprintf("n%dt%d", b.n, count), b.tiles, count, func(name string) {
		sums := make([][]VecVirtual, count*isa.parts) // [part of a tile][column]
		for i := range sums {
			for range b.n {
				sums[i] = append(sums[i], newZero())
			}
		}
		panel, x, left := GP64(), pointer("x"), integer("k")
		MOVQ(b.panel, panel)
		tiles := addresses.Lines(panel, b.reach, count)
		unroll := 4
		if b.n > 6 {
			unroll = 2
		}
		Label(name + "k")
		for k := range unroll {
			weights := func(i int) Mem { return tiles[i/isa.parts].Offset(k*tileBytes + i%isa.parts*4*isa.lanes) }
			column := func(c int) Mem { return Mem{Base: x, Disp: 4 * (k*b.n + c)} }
			outer(sums, weights, column)
		}
		addresses.Advance(tiles, unroll*tileBytes)
		ADDQ(I32(4*unroll*b.n), x)
		SUBQ(Imm(uint64(unroll)), left)
		JNZ(LabelRef(name + "k"))

		out := GP64()
		MOVQ(b.acc, out)
		tops := addresses.Lines(b.scales, b.scaleReach, count)
		for c := range b.n {
			for i := range sums {
				at := i * 4 * isa.lanes
				v := isa.vector()
				VMOVUPS(Mem{Base: out, Disp: at}, v)
				VFMADD231PS(tops[i/isa.parts].Offset(i%isa.parts*4*isa.lanes), sums[i][c], v)
				VMOVUPS(v, Mem{Base: out, Disp: at})
			}
			if c < b.n-1 {
				ADDQ(b.stride, out)
			}
		}
		ADDQ(I32(count*tileBytes), b.acc)
		for range count {
			ADDQ(b.reach, b.panel)
			ADDQ(b.scaleReach, b.scales)
		}
	})
}

// outer adds the outer product of some vectors of weights and a number of each
// column to the sums. It holds whichever are fewer in registers.
func outer(sums [][]VecVirtual, weights, column func(int) Mem) {
	w, x := make([]VecVirtual, len(sums)), make([]VecVirtual, len(sums[0]))
	load := func(i int) {
		w[i] = isa.vector()
		VMOVUPS(weights(i), w[i])
	}
	broadcast := func(c int) {
		x[c] = isa.vector()
		VBROADCASTSS(column(c), x[c])
	}
	if len(w) <= len(x) {
		for i := range w {
			load(i)
		}
		for c := range x {
			if isa.wide && len(w) == 1 {
				VFMADD231PS_BCST(column(c), w[0], sums[0][c])
				continue
			}
			broadcast(c)
			for i := range w {
				VFMADD231PS(w[i], x[c], sums[i][c])
			}
		}
		return
	}
	for c := range x {
		broadcast(c)
	}
	for i := range w {
		if len(x) == 1 {
			VFMADD231PS(weights(i), x[0], sums[i][0])
			continue
		}
		load(i)
		for c := range x {
			VFMADD231PS(w[i], x[c], sums[i][c])
		}
	}
}
