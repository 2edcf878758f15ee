package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The products of integers in AVX-512 with VNNI. VPDPBUSD multiplies unsigned
// by signed bytes and adds fours to a sum without saturating: here w+128 and
// x, so that sums begin with -128·Σx.

// correction returns -128·Σx of the block, from the sums of 32 steps at m.
func correction(m Mem, block int) VecVirtual {
	t, v := ZMM(), newZero()
	VPBROADCASTD(m, t)
	if block == blockK {
		u := ZMM()
		VPBROADCASTD(m.Offset(4), u)
		VPADDD(u, t, t)
	}
	VPSLLD(Imm(7), t, t)
	VPSUBD(t, v, v)
	return v
}

// unsignedTable is a table of codes+128, four times.
func unsignedTable() VecVirtual {
	table, code := ZMM(), integer("code")
	VBROADCASTI32X4(Mem{Base: code}, table)
	VPXORD(signBits, table, table)
	return table
}

// nibbles splits words of codes and looks them up.
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

func vnniKernels() {
	begin("fastVector4", fastVectorSignature, "%s is fastVector4Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		table, mask := unsignedTable(), ZMM()
		VMOVDQU32(lowNibbles, mask)
		v := &fastBody{n: n, block: blockK, step: 8, corrected: true,
			line: func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
				low, high := nibbles(m, mask, table)
				for c, sum := range sums {
					VPDPBUSD_BCST(at(c, 0), low, sum)
					VPDPBUSD_BCST(at(c, 4), high, sum)
				}
			}}
		v.loops()
	})

	begin("fastVector8", fastVectorSignature, "%s is fastVector8Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		sign := ZMM()
		VMOVDQU32(signBits, sign)
		v := &fastBody{n: n, block: 32, step: 4, corrected: true,
			line: func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
				w := ZMM()
				VPXORD(m, sign, w)
				for c, sum := range sums {
					VPDPBUSD_BCST(at(c, 0), w, sum)
				}
			}}
		v.loops()
	})

	begin("fastExpand4", "func(panel []uint32, words []uint32, code *[16]int8)", "%s is fastExpand4Go, plus 128.")
	table, mask := unsignedTable(), ZMM()
	VMOVDQU32(lowNibbles, mask)
	vnniExpand(2, func(words, panel Mem) {
		low, high := nibbles(words, mask, table)
		VMOVDQU32(low, panel)
		VMOVDQU32(high, panel.Offset(tileBytes))
	})

	begin("fastExpand8", "func(panel []uint32, words []uint32)", "%s is fastExpand8Go, plus 128.")
	sign := ZMM()
	VMOVDQU32(signBits, sign)
	vnniExpand(1, func(words, panel Mem) {
		w := ZMM()
		VPXORD(words, sign, w)
		VMOVDQU32(w, panel)
	})

	vnniBlock()
}

// vnniExpand is the loop over lines of words, each of which makes some lines
// of the panel.
func vnniExpand(lines int, expand func(words, panel Mem)) {
	panel, words := pointer("panel"), pointer("words")
	left := Load(Param("words").Len(), GP64())
	Label("line")
	expand(Mem{Base: words}, Mem{Base: panel})
	ADDQ(I32(tileBytes), words)
	ADDQ(I32(lines*tileBytes), panel)
	SUBQ(Imm(tileRows), left)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// vnniBlock writes fastOps.fastBlock.
func vnniBlock() {
	begin("fastBlock",
		"func(acc []float32, stride int, panel []uint32, reach int, x []uint32, xScales []float32, xSums []int32, scales []float32, scaleReach, k, n, tiles int)",
		"%s is fastBlockGo of a panel plus 128.")
	byColumns(isa.fastColumns, func(n int) {
		b := &blockBody{n: n, acc: pointer("acc"), panel: pointer("panel"), scales: pointer("scales"),
			stride: floatBytes("stride"), reach: floatBytes("reach"), scaleReach: floatBytes("scaleReach"),
			tiles: integer("tiles")}
		for count := 2; count > 0; count-- {
			b.vnniLoop(count)
		}
	})
}

// vnniLoop is loop over integers.
func (b *blockBody) vnniLoop(count int) {
	name := fmt.Sprintf("n%dt%d", b.n, count)
	Label(name)
	CMPQ(b.tiles, Imm(uint64(count)))
	JLT(LabelRef(name + "done"))
	panel, x, xSums, left := GP64(), pointer("x"), pointer("xSums"), integer("k")
	MOVQ(b.panel, panel)
	tiles := lines(panel, b.reach, count)
	sums := make([][]VecVirtual, count)
	for c := range b.n {
		for t := range sums {
			if t == 0 {
				sums[0] = append(sums[0], correction(Mem{Base: xSums, Disp: 4 * c}, 32))
				continue
			}
			v := ZMM()
			VMOVDQA32(sums[0][c], v)
			sums[t] = append(sums[t], v)
		}
	}
	const unroll = 2 // lines of four steps of K
	Label(name + "k")
	for line := range unroll {
		w := make([]VecVirtual, count)
		for t := range w {
			w[t] = ZMM()
			VMOVDQU32(tiles[t].Offset(line*tileBytes), w[t])
		}
		for c := range b.n {
			at := Mem{Base: x, Disp: 4 * (line*b.n + c)}
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
	advance(tiles, unroll*tileBytes)
	ADDQ(I32(4*unroll*b.n), x)
	SUBQ(Imm(4*unroll), left)
	JNZ(LabelRef(name + "k"))

	b.store(count, sums)
	ADDQ(I32(count*tileBytes), b.acc)
	for range count {
		ADDQ(b.reach, b.panel)
		ADDQ(b.scaleReach, b.scales)
	}
	SUBQ(Imm(uint64(count)), b.tiles)
	JMP(LabelRef(name))
	Label(name + "done")
}

// store adds the sums of integers, scaled, to acc.
func (b *blockBody) store(count int, sums [][]VecVirtual) {
	xScales, out := pointer("xScales"), GP64()
	MOVQ(b.acc, out)
	tops := lines(b.scales, b.scaleReach, count)
	for c := range b.n {
		s := ZMM()
		VBROADCASTSS(Mem{Base: xScales, Disp: 4 * c}, s)
		for t := range sums {
			addScaled(sums[t][c], tops[t], s, Mem{Base: out, Disp: t * tileBytes})
		}
		if c < b.n-1 {
			ADDQ(b.stride, out)
		}
	}
}
