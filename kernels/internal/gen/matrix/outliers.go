package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// outliers write fastOps.addChannel4 and addChannel8.
func outliers() {
	addChannel("addChannel4", "addChannel4Go.", func() func(codes VecVirtual) VecVirtual {
		code := Integer("code")
		low, high := YMM(), YMM()
		VMOVUPS(Mem{Base: code}, low)
		VMOVUPS(Mem{Base: code, Disp: 32}, high)
		return func(codes VecVirtual) VecVirtual {
			// The fourth bit chooses between the halves of the codebook.
			a, b := YMM(), YMM()
			VPERMPS(low, codes, a)
			VPERMPS(high, codes, b)
			VPSLLD(Imm(28), codes, codes)
			VBLENDVPS(codes, b, a, a)
			return a
		}
	})
	addChannel("addChannel8", "addChannel8Go.", func() func(codes VecVirtual) VecVirtual {
		return func(codes VecVirtual) VecVirtual {
			VPSLLD(Imm(24), codes, codes)
			VPSRAD(Imm(24), codes, codes)
			VCVTDQ2PS(codes, codes)
			return codes
		}
	})
}

// addChannel writes one; prepare returns what makes floats of the lowest bits
// of words.
func addChannel(name, doc string, prepare func() func(VecVirtual) VecVirtual) {
	Begin(name, "func(y []float32, stride int, words []uint32, reach int, scales []float32, scaleReach, shift, tiles int, "+
		"columns []uint32, x []float32, code *[32]float32)", doc,
		"for each tile t of 16 rows r, i < len(columns):\n"+
			"\ty[columns[i]·stride + t·16 + r] += (scales[t·scaleReach + r]·w[t][r])·x[i]     fused\n"+
			"where w[t][r] is the code in words[t·reach + r] from the bit shift on.")
	decode := prepare()
	y, words, scales, columns, x := Pointer("y"), Pointer("words"), Pointer("scales"), Pointer("columns"), Pointer("x")
	stride, reach, scaleReach := FloatBytes("stride"), FloatBytes("reach"), FloatBytes("scaleReach")
	tiles, n := Integer("tiles"), Length("columns")
	shift := XMM()
	VMOVQ(Integer("shift"), shift)
	for _, count := range []int{panelTiles, 1} {
		Chunks(fmt.Sprintf("t%d", count), "tiles", tiles, count, func(name string) {
			var weights []VecVirtual
			for range count {
				for part := range Parts() {
					at, codes := part*VectorBytes(), YMM()
					VMOVDQU(Mem{Base: words, Disp: at}, codes)
					VPSRLD(shift, codes, codes)
					w := decode(codes)
					VMULPS(Mem{Base: scales, Disp: at}, w, w)
					weights = append(weights, w)
				}
				ADDQ(reach, words)
				ADDQ(scaleReach, scales)
			}
			Note("Weights of the channel, 8 rows each: %s.", weights)
			i := GP64()
			XORL(i.As32(), i.As32())
			Label(name + "column")
			Note("Column %s of %s.", i, n)
			column, v := GP64(), YMM()
			MOVL(Mem{Base: columns, Index: i, Scale: 4}, column.As32())
			VBROADCASTSS(Mem{Base: x, Index: i, Scale: 4}, v)
			IMULQ(stride, column)
			for j, w := range weights {
				at, sum := Mem{Base: y, Index: column, Scale: 1, Disp: j * VectorBytes()}, YMM()
				VMOVUPS(at, sum)
				VFMADD231PS(w, v, sum)
				VMOVUPS(sum, at)
			}
			INCQ(i)
			CMPQ(i, n)
			JLT(LabelRef(name + "column"))
			ADDQ(I32(count*tileBytes), y)
		})
	}
	End()
}
