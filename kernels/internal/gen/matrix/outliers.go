package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// outliers writes the kernels of fastOps.addChannel.
func outliers() {
	addChannel("addChannel4", "addChannel4Go.", false, func() func(codes VecVirtual, zeros Mem) VecVirtual {
		code := Integer("code")
		low, high := YMM(), YMM()
		VMOVUPS(Mem{Base: code}, low)
		VMOVUPS(Mem{Base: code, Disp: 32}, high)
		return func(codes VecVirtual, _ Mem) VecVirtual {
			// The fourth bit chooses between the halves of the codebook.
			a, b := YMM(), YMM()
			VPERMPS(low, codes, a)
			VPERMPS(high, codes, b)
			VPSLLD(Imm(28), codes, codes)
			VBLENDVPS(codes, b, a, a)
			return a
		}
	})
	addChannel("addChannelU4", "addChannelU4Go.", true, func() func(codes VecVirtual, zeros Mem) VecVirtual {
		mask := YMM()
		VPCMPEQD(mask, mask, mask)
		VPSRLD(Imm(28), mask, mask)
		return func(codes VecVirtual, zeros Mem) VecVirtual {
			VPAND(mask, codes, codes)
			VCVTDQ2PS(codes, codes)
			VSUBPS(zeros, codes, codes)
			return codes
		}
	})
	addChannel("addChannel8", "addChannel8Go.", false, func() func(codes VecVirtual, zeros Mem) VecVirtual {
		return func(codes VecVirtual, _ Mem) VecVirtual {
			VPSLLD(Imm(24), codes, codes)
			VPSRAD(Imm(24), codes, codes)
			VCVTDQ2PS(codes, codes)
			return codes
		}
	})
}

// addChannel writes one of them, for a kind that has zeros or not. prepare writes what
// comes before the loops, and returns the function that writes the decoding of codes in
// the lowest bits of lanes.
func addChannel(name, doc string, zeroed bool, prepare func() func(codes VecVirtual, zeros Mem) VecVirtual) {
	BeginArgs(name, "channelArgs", doc,
		"for each tile t of 16 rows r, i < len(tokens):\n"+
			"\ty[tokens[i]·yStride + t·16 + r] += (scales[t·scaleStride + r]·w[t][r])·x[i]     fused\n"+
			"where w[t][r] is the code in words[t·wordStride + r] from the bit shift on.")
	decode := prepare()
	y, words, scales := Pointer("y"), Pointer("words"), Pointer("scales")
	var zeros Register
	if zeroed {
		zeros = Pointer("zeros")
	}
	tokens, x := Pointer("tokens"), Pointer("x")
	yStride, wordStride, scaleStride := FloatBytes("yStride"), FloatBytes("wordStride"), FloatBytes("scaleStride")
	tiles, n := Integer("tiles"), Length("tokens")
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
					w := decode(codes, Mem{Base: zeros, Disp: at})
					VMULPS(Mem{Base: scales, Disp: at}, w, w)
					weights = append(weights, w)
				}
				ADDQ(wordStride, words)
				ADDQ(scaleStride, scales)
				if zeroed {
					ADDQ(scaleStride, zeros)
				}
			}
			Note("Weights of the channel, 8 rows each: %s.", weights)
			i := GP64()
			XORL(i.As32(), i.As32())
			Label(name + "token")
			Note("Token %s of %s.", i, n)
			token, v := GP64(), YMM()
			MOVL(Mem{Base: tokens, Index: i, Scale: 4}, token.As32())
			VBROADCASTSS(Mem{Base: x, Index: i, Scale: 4}, v)
			IMULQ(yStride, token)
			for j, w := range weights {
				at, sum := Mem{Base: y, Index: token, Scale: 1, Disp: j * VectorBytes()}, YMM()
				VMOVUPS(at, sum)
				VFMADD231PS(w, v, sum)
				VMOVUPS(sum, at)
			}
			INCQ(i)
			CMPQ(i, n)
			JLT(LabelRef(name + "token"))
			ADDQ(I32(count*tileBytes), y)
		})
	}
	End()
}
