package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// blockKernel writes matrixOps.block: it takes one or more tiles at once, with the
// sums of all tokens in registers.
func blockKernel() {
	BeginArgs("block", "blockArgs",
		"blockGo for k that are multiples of 4.",
		"for each tile t of 16 rows r, token c < n:\n"+
			"\ts = Σ_i panel[t·panelStride + i·16 + r]·x[i·n + c]     i < k, fused, ascending\n"+
			"\ty[c·yStride + t·16 + r] += scales[t·scaleStride + r]·s     fused")
	Cases("n", "tokens", limits.blockTokens, func(n int) {
		b := &blockBody{n: n, y: Pointer("y"), panel: Pointer("panel"), scales: Pointer("scales"),
			yStride: FloatBytes("yStride"), panelStride: FloatBytes("panelStride"), scaleStride: FloatBytes("scaleStride"),
			tiles: Integer("tiles")}
		for _, count := range limits.blockTiles(n) {
			b.loop(count)
		}
	})
}

type blockBody struct {
	n                                 int
	y, panel, scales                  Register
	yStride, panelStride, scaleStride Register
	tiles                             Register
}

func (b *blockBody) loop(count int) {
	Chunks(fmt.Sprintf("n%dt%d", b.n, count), "tiles", b.tiles, count, func(name string) {
		sums := make([][]VecVirtual, count*Parts()) // [part of a tile][token]
		for i := range sums {
			for range b.n {
				sums[i] = append(sums[i], NewZero())
			}
		}
		for i, s := range sums {
			Note("Sums of tile %d, rows %d to %d, a token each: %s.", i/Parts(), i%Parts()*Lanes(), (i%Parts()+1)*Lanes()-1, s)
		}
		panel, x, left := GP64(), Pointer("x"), Integer("k")
		MOVQ(b.panel, panel)
		tiles := Lines(panel, b.panelStride, count)
		unroll := 4
		if b.n > 6 {
			unroll = 2
		}
		Label(name + "k")
		Note("%d steps of K, of %s: 16 weights (%s on) times a number of each token (%s).", unroll, left, panel, x)
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

		Note("y of each token, gets the scaled sums.")
		out := GP64()
		MOVQ(b.y, out)
		tops := Lines(b.scales, b.scaleStride, count)
		for c := range b.n {
			for i := range sums {
				at := i * VectorBytes()
				v := NewVector()
				VMOVUPS(Mem{Base: out, Disp: at}, v)
				VFMADD231PS(tops[i/Parts()].Offset(i%Parts()*VectorBytes()), sums[i][c], v)
				VMOVUPS(v, Mem{Base: out, Disp: at})
			}
			if c < b.n-1 {
				ADDQ(b.yStride, out)
			}
		}
		ADDQ(I32(count*tileBytes), b.y)
		for range count {
			ADDQ(b.panelStride, b.panel)
			ADDQ(b.scaleStride, b.scales)
		}
	})
}
