package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// fastExpands write fastOps.fastExpand4 and fastExpand8: codes plus 86, and a
// line of magnitudes before one of the codes themselves.
func fastExpands() {
	begin("fastExpand4", "func(panel []uint32, words []uint32, code *[16]int8)", "%s is fastExpand4Go, plus 86.")
	table, mask := raisedTable(), YMM()
	VMOVDQU(lowNibbles, mask)
	expandCodes(4, 2, func(words, panel Mem) {
		low, high := YMM(), YMM()
		VMOVDQU(words, high)
		VPAND(mask, high, low)
		VPSRLW(Imm(4), high, high)
		VPAND(mask, high, high)
		for half, v := range []VecVirtual{low, high} {
			VPSHUFB(v, table, v)
			VMOVDQU(v, panel.Offset(half*tileBytes))
		}
	})

	begin("fastExpand8", "func(panel []uint32, words []uint32)", "%s is fastExpand8Go, signed.")
	expandCodes(8, 2, func(words, panel Mem) {
		v, size := YMM(), YMM()
		VMOVDQU(words, v)
		VPABSB(v, size)
		VMOVDQU(size, panel)
		VMOVDQU(v, panel.Offset(tileBytes))
	})
}

// expandCodes is the loop over lines of words of some bits a weight, each of
// which makes some lines of the panel. The words of the next block come next
// in memory, but are wanted after many products: it fetches them.
func expandCodes(bits, lines int, expand func(words, panel Mem)) {
	panel, words := pointer("panel"), pointer("words")
	left := Load(Param("words").Len(), GP64())
	Label("line")
	PREFETCHT1(Mem{Base: words, Disp: blockK * tileRows * bits / 8})
	for part := range isa.parts {
		at := part * 4 * isa.lanes
		expand(Mem{Base: words, Disp: at}, Mem{Base: panel, Disp: at})
	}
	ADDQ(I32(tileBytes), words)
	ADDQ(I32(lines*tileBytes), panel)
	SUBQ(Imm(tileRows), left)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

const fastBlockSignature = "func(acc []float32, stride int, panel []uint32, reach int, x []uint32, " +
	"xScales []float32, starts []int32, scales []float32, scaleReach, k, n, tiles int)"

// groupBody is what fastBlock does with a group of its columns.
type groupBody struct {
	n                 int
	acc, x            Register // of the group
	xScales, starts   Register
	stride            Register
	out, panel, tiles Register
	scales            Register
}

// fastBlock writes fastOps.fastBlock4 or fastBlock8: for each group of columns,
// all tiles.
func fastBlock(name, doc string, body func(g *groupBody)) {
	begin(name, fastBlockSignature, doc)
	g := &groupBody{acc: pointer("acc"), x: pointer("x"), xScales: pointer("xScales"), starts: pointer("starts"), stride: floatBytes("stride")}
	left, most := integer("n"), isa.fastColumns
	group := func(n int) {
		g.n, g.out, g.panel, g.scales, g.tiles = n, GP64(), pointer("panel"), pointer("scales"), integer("tiles")
		MOVQ(g.acc, g.out)
		body(g)
	}
	Label("group")
	CMPQ(left, Imm(uint64(most)))
	JLT(LabelRef("last"))
	group(most)
	for range most {
		ADDQ(g.stride, g.acc)
	}
	ADDQ(I32(most*blockK), g.x)
	ADDQ(Imm(uint64(4*most)), g.xScales)
	ADDQ(Imm(uint64(4*most)), g.starts)
	SUBQ(Imm(uint64(most)), left)
	JMP(LabelRef("group"))
	Label("last")
	for n := 1; n < most; n++ {
		CMPQ(left, Imm(uint64(n)))
		JE(LabelRef(fmt.Sprintf("last%d", n)))
	}
	VZEROUPPER()
	RET()
	for n := 1; n < most; n++ {
		Label(fmt.Sprintf("last%d", n))
		group(n)
		VZEROUPPER()
		RET()
	}
}

// tileBlock takes a tile at a time; line adds the products of a line of four
// steps of K of the panel, which takes some lines of it, with codes of the
// columns to the sums.
func (g *groupBody) tileBlock(panelLines int, raised bool, line func(panel Mem, x func(c int) Mem, sums [][]VecVirtual)) {
	reach, scaleReach := floatBytes("reach"), floatBytes("scaleReach")
	name := fmt.Sprintf("n%d", g.n)
	Label(name)
	sums := make([][]VecVirtual, isa.parts)
	for c := range g.n {
		first := newZero()
		if raised {
			VPBROADCASTD(Mem{Base: g.starts, Disp: 4 * c}, first)
		}
		sums[0] = append(sums[0], first)
		for part := 1; part < isa.parts; part++ {
			sums[part] = append(sums[part], duplicate(first))
		}
	}
	panel, x, left := GP64(), GP64(), integer("k")
	MOVQ(g.panel, panel)
	MOVQ(g.x, x)
	PREFETCHT1(Mem{Base: g.scales, Disp: tileBytes}) // of the next block
	const unroll = 4
	Label(name + "k")
	for i := range unroll {
		line(Mem{Base: panel, Disp: i * panelLines * tileBytes}, func(c int) Mem { return Mem{Base: x, Disp: c*blockK + 4*i} }, sums)
	}
	ADDQ(I32(unroll*panelLines*tileBytes), panel)
	ADDQ(Imm(4*unroll), x)
	SUBQ(Imm(4*unroll), left)
	JNZ(LabelRef(name + "k"))

	out := GP64()
	MOVQ(g.out, out)
	for c := range g.n {
		s := isa.vector()
		VBROADCASTSS(Mem{Base: g.xScales, Disp: 4 * c}, s)
		for part := range sums {
			at := part * 4 * isa.lanes
			addScaled(sums[part][c], Mem{Base: g.scales, Disp: at}, s, Mem{Base: out, Disp: at})
		}
		if c < g.n-1 {
			ADDQ(g.stride, out)
		}
	}
	ADDQ(I32(tileBytes), g.out)
	ADDQ(reach, g.panel)
	ADDQ(scaleReach, g.scales)
	DECQ(g.tiles)
	JNZ(LabelRef(name))
}

// fastBlocks write fastOps.fastBlock4 and fastBlock8.
func fastBlocks() {
	parts := func(m Mem) []VecVirtual {
		all := make([]VecVirtual, isa.parts)
		for part := range all {
			all[part] = YMM()
			VMOVDQU(m.Offset(part*4*isa.lanes), all[part])
		}
		return all
	}
	codes := func(m Mem) VecVirtual {
		x := YMM()
		VPBROADCASTD(m, x)
		return x
	}
	fastBlock("fastBlock4", "%s is fastBlockGo of a panel plus 86.", func(g *groupBody) {
		ones := newOnes()
		g.tileBlock(1, true, func(panel Mem, x func(c int) Mem, sums [][]VecVirtual) {
			weights := parts(panel)
			for c := range g.n {
				x := codes(x(c))
				for part, w := range weights {
					addDots(w, x, ones, sums[part][c])
				}
			}
		})
	})
	fastBlock("fastBlock8", "%s is fastBlockGo of a signed panel.", func(g *groupBody) {
		g.tileBlock(2, false, func(panel Mem, x func(c int) Mem, sums [][]VecVirtual) {
			sizes, weights := parts(panel), parts(panel.Offset(tileBytes))
			for c := range g.n {
				x := codes(x(c))
				for part, w := range weights {
					addSignedDots(w, sizes[part], x, sums[part][c])
				}
			}
		})
	})
}
