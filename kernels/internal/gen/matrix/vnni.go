package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// The products of integers in AVX-512 with VNNI. VPDPBUSD multiplies unsigned
// by signed bytes, here codes of weights plus 128 by codes of x, and adds four
// products to a sum of 32 bits.

// unsignedTable loads the 16 codes of the codebook, plus 128, four times.
func unsignedTable() VecVirtual {
	table, code := ZMM(), Integer("code")
	VBROADCASTI32X4(Mem{Base: code}, table)
	VPXORD(signBits, table, table)
	return table
}

// nibbles looks up the codes in the low and the high nibbles of the words at m.
func nibbles(m Mem, mask, table VecVirtual) (low, high VecVirtual) {
	low, high = ZMM(), ZMM()
	VMOVDQU32(m, high)
	VPANDD(mask, high, low)
	VPSRLW(Imm(4), high, high)
	VPANDD(mask, high, high)
	VPSHUFB(low, table, low)
	VPSHUFB(high, table, high)
	return low, high
}

// dot adds the products of w and the four codes of token c from step k on to sum.
func (v *fastBody) dot(at func(c, k int) Mem, c, k int, w, sum VecVirtual) {
	if v.share {
		VPDPBUSD(v.codes(at, c, k), w, sum)
	} else {
		VPDPBUSD_BCST(at(c, k), w, sum)
	}
}

func vnniKernels() {
	BeginArgs("fastVector4", "fastVectorArgs", "fastVector4Go.", fastVectorFormula(blockK, "\nA weight w is code[nibble]."))
	Cases("n", "tokens", limits.fastVectorTokens, func(n int) {
		table, mask := unsignedTable(), ZMM()
		VMOVDQU32(lowNibbles, mask)
		v := &fastBody{n: n, block: blockK, step: 8, raised: true}
		v.line = func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			low, high := nibbles(m, mask, table)
			for c, sum := range sums {
				v.dot(at, c, 0, low, sum)
				v.dot(at, c, 4, high, sum)
			}
		}
		v.loops()
	})

	BeginArgs("fastVector8", "fastVectorArgs", "fastVector8Go.", fastVectorFormula(kinds.Int8Block, ""))
	Cases("n", "tokens", limits.fastVectorTokens, func(n int) {
		sign := ZMM()
		VMOVDQU32(signBits, sign)
		v := &fastBody{n: n, block: kinds.Int8Block, step: 4, raised: true}
		v.line = func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			w := ZMM()
			VPXORD(m, sign, w)
			for c, sum := range sums {
				v.dot(at, c, 0, w, sum)
			}
		}
		v.loops()
	})

	Begin("fastExpand4", "func(panel []uint32, words []uint32, code *[16]int8)", "fastExpand4Go, plus 128.", fmt.Sprintf(fastExpandFormula, "code[nibble k] + 128"))
	table, mask := unsignedTable(), ZMM()
	VMOVDQU32(lowNibbles, mask)
	expandCodes(4, 2, func(words, panel Mem) {
		low, high := nibbles(words, mask, table)
		VMOVDQU32(low, panel)
		VMOVDQU32(high, panel.Offset(tileBytes))
	})

	split := func(m Mem) (low, high VecVirtual) {
		low, high = ZMM(), ZMM()
		VMOVDQU32(m, high)
		VPANDD(lowNibbles, high, low)
		VPSRLW(Imm(4), high, high)
		VPANDD(lowNibbles, high, high)
		return low, high
	}
	u4FastVectors(func() func(v *fastBody, m Mem, at func(c, k int) Mem, sums []VecVirtual) {
		mask := ZMM()
		VMOVDQU32(lowNibbles, mask)
		return func(v *fastBody, m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			low, high := ZMM(), ZMM()
			VPANDD(m, mask, low)
			VPSRLW(Imm(4), m, high)
			VPANDD(mask, high, high)
			for c, sum := range sums {
				v.dot(at, c, 0, low, sum)
				v.dot(at, c, 4, high, sum)
			}
		}
	})
	u4FastExpand("128", "128", signBits, split)

	Begin("fastExpand8", "func(panel []uint32, words []uint32, code *[16]int8)", "fastExpand8Go, plus 128.", fmt.Sprintf(fastExpandFormula, "w[k][r] + 128"))
	sign := ZMM()
	VMOVDQU32(signBits, sign)
	expandCodes(8, 1, func(words, panel Mem) {
		w := ZMM()
		VPXORD(words, sign, w)
		VMOVDQU32(w, panel)
	})

	fastBlock("fastBlock", "fastBlockGo of a panel plus 128.", 12, func(g *groupBody) {
		for count := 2; count > 0; count-- {
			g.vnniLoop(count)
		}
	})
}

// vnniLoop takes count tiles at a time while there are as many.
func (g *groupBody) vnniLoop(count int) {
	Chunks(fmt.Sprintf("n%dt%d", g.n, count), "tiles", g.tiles, count, func(name string) {
		panel, x, left, panelStride := GP64(), GP64(), Integer("k"), FloatBytes("panelStride")
		MOVQ(g.panel, panel)
		MOVQ(g.x, x)
		tiles := Lines(panel, panelStride, count)
		sums := make([][]VecVirtual, count)
		for c := range g.n {
			first := ZMM()
			VPBROADCASTD(Mem{Base: g.starts, Disp: 4 * c}, first)
			sums[0] = append(sums[0], first)
			for t := 1; t < count; t++ {
				sums[t] = append(sums[t], Duplicate(first))
			}
		}
		for t, s := range sums {
			Note("Sums of tile %d, a token each, from starts on: %s.", t, s)
		}
		const unroll = 2 // lines of four steps of K
		Label(name + "k")
		Note("%d lines of 4 steps of K, of %s steps: panel at %s on, codes of x at %s on.", unroll, left, tiles[0], x)
		for line := range unroll {
			w := make([]VecVirtual, count)
			for t := range w {
				w[t] = ZMM()
				VMOVDQU32(tiles[t].Offset(line*tileBytes), w[t])
			}
			for c := range g.n {
				at := Mem{Base: x, Disp: c*blockK + 4*line}
				if count == 1 {
					VPDPBUSD_BCST(at, w[0], sums[0][c])
					continue
				}
				v := ZMM()
				VPBROADCASTD(at, v)
				for t := range w {
					VPDPBUSD(v, w[t], sums[t][c])
				}
			}
		}
		Advance(tiles, unroll*tileBytes)
		ADDQ(Imm(4*unroll), x)
		SUBQ(Imm(4*unroll), left)
		JNZ(LabelRef(name + "k"))

		g.finish(count, sums)
	})
}
