package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// blockKernel writes matrixOps.block: the sums of all columns and of one or
// more tiles in registers.
func blockKernel() {
	Begin("block",
		"func(acc []float32, stride int, panel []float32, reach int, x, scales []float32, scaleReach, k, n, tiles int)",
		"blockGo for k that are multiples of 4.",
		"for each tile t of 16 rows r, column c < n:\n"+
			"\ts = Σ_i panel[t·reach + i·16 + r]·x[i·n + c]     i < k, fused, ascending\n"+
			"\tacc[c·stride + t·16 + r] += scales[t·scaleReach + r]·s     fused")
	Cases("n", "columns", limits.blockColumns, func(n int) {
		b := &blockBody{n: n, acc: Pointer("acc"), panel: Pointer("panel"), scales: Pointer("scales"),
			stride: FloatBytes("stride"), reach: FloatBytes("reach"), scaleReach: FloatBytes("scaleReach"),
			tiles: Integer("tiles")}
		for _, count := range limits.blockTiles(n) {
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
	Chunks(fmt.Sprintf("n%dt%d", b.n, count), "tiles", b.tiles, count, func(name string) {
		sums := make([][]VecVirtual, count*Parts()) // [part of a tile][column]
		for i := range sums {
			for range b.n {
				sums[i] = append(sums[i], NewZero())
			}
		}
		for i, s := range sums {
			Note("Sums of tile %d, rows %d to %d, a column each: %s.", i/Parts(), i%Parts()*Lanes(), (i%Parts()+1)*Lanes()-1, s)
		}
		panel, x, left := GP64(), Pointer("x"), Integer("k")
		MOVQ(b.panel, panel)
		tiles := Lines(panel, b.reach, count)
		unroll := 4
		if b.n > 6 {
			unroll = 2
		}
		Label(name + "k")
		Note("%d steps of K, of %s: 16 weights (%s on) times a number of each column (%s).", unroll, left, panel, x)
		for k := range unroll {
			product := Outer{
				Vectors: len(sums), Numbers: b.n,
				Vector:      func(i int) Mem { return tiles[i/Parts()].Offset(k*tileBytes + i%Parts()*VectorBytes()) },
				Number:      func(c int) Mem { return Mem{Base: x, Disp: 4 * (k*b.n + c)} },
				Sum:         func(i, c int) VecVirtual { return sums[i][c] },
				HoldNumbers: b.n < len(sums),
			}
			product.Write()
		}
		Advance(tiles, unroll*tileBytes)
		ADDQ(I32(4*unroll*b.n), x)
		SUBQ(Imm(uint64(unroll)), left)
		JNZ(LabelRef(name + "k"))

		Note("acc of each column, a row of a stride each, gets the scaled sums.")
		out := GP64()
		MOVQ(b.acc, out)
		tops := Lines(b.scales, b.scaleReach, count)
		for c := range b.n {
			for i := range sums {
				at := i * VectorBytes()
				v := NewVector()
				VMOVUPS(Mem{Base: out, Disp: at}, v)
				VFMADD231PS(tops[i/Parts()].Offset(i%Parts()*VectorBytes()), sums[i][c], v)
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
