package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// fastExpands writes fastOps.fastExpand4, whose codes are raised by 86, and
// fastExpand8, which writes magnitudes and masks of signs.
func fastExpands() {
	Begin("fastExpand4", "func(panel []uint32, words []uint32, code *[16]int8)", "fastExpand4Go, plus 86.", fmt.Sprintf(fastExpandFormula, "code[nibble k] + 86"))
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

	u4FastExpand("86", "86", raised, func(m Mem) (low, high VecVirtual) {
		low, high = YMM(), YMM()
		VMOVDQU(m, high)
		VPAND(lowNibbles, high, low)
		VPSRLW(Imm(4), high, high)
		VPAND(lowNibbles, high, high)
		return low, high
	})

	fastExpand8()
}

// The words of a block of 32 in a panel of fastExpand8: a line of 32-bit sums, then for
// each four steps of K a line of magnitudes and a line of masks.
const (
	maskedLines = 2
	maskedBytes = (1 + maskedLines*kinds.Int8Block/4) * tileBytes
)

func fastExpand8() {
	Begin("fastExpand8", "func(panel []uint32, words []uint32, code *[16]int8)", "fastExpand8Go, by magnitudes.",
		"for each block of 8 lines i of four steps of K, row r < 16:\n"+
			"\tpanel[0][r] = Σ_k |w[k][r]| of the w[k][r] < 0\n"+
			"\tpanel[1+2i][r] = four bytes |w[k][r]|; panel[2+2i][r] = four bytes w[k][r] < 0 ? -1 : 0")
	const lines = kinds.Int8Block / 4
	panel, words := Pointer("panel"), Pointer("words")
	left := Length("words")
	zero, byteOnes := NewZero(), YMM()
	VPCMPEQB(byteOnes, byteOnes, byteOnes)
	VPABSB(byteOnes, byteOnes)
	Label("block")
	Note("A block; %s words are left.", left)
	for part := range Parts() {
		sum := NewZero()
		for i := range lines {
			at := part * VectorBytes()
			v, size, mask := YMM(), YMM(), YMM()
			if part == 0 { // the next block is wanted after many products only
				PREFETCHT1(Mem{Base: words, Disp: (lines + i) * tileBytes})
			}
			VMOVDQU(Mem{Base: words, Disp: i*tileBytes + at}, v)
			VPABSB(v, size)
			VPCMPGTB(v, zero, mask)
			VMOVDQU(size, Mem{Base: panel, Disp: (1+maskedLines*i)*tileBytes + at})
			VMOVDQU(mask, Mem{Base: panel, Disp: (2+maskedLines*i)*tileBytes + at})
			VPAND(mask, size, size)
			VPMADDUBSW(byteOnes, size, size)
			VPADDW(size, sum, sum)
		}
		VPMADDWD(wordOnes, sum, sum)
		VMOVDQU(sum, Mem{Base: panel, Disp: part * VectorBytes()})
	}
	ADDQ(I32(lines*tileBytes), words)
	ADDQ(I32(maskedBytes), panel)
	SUBQ(I32(lines*tileRows), left)
	JNZ(LabelRef("block"))
	End()
}

// fastExpandFormula says what an expansion to bytes computes; its verb is the byte.
const fastExpandFormula = "for each line i of four steps of K, row r < 16:\n\tpanel[i·16 + r] = four bytes %s"

// expandCodes writes the loop over lines of 16 words, whose weights have some bits
// each; expand makes the given number of lines of the panel of each. The words of
// the next block come next in memory, but are wanted after many products only: the
// loop prefetches them.
func expandCodes(bits, lines int, expand func(words, panel Mem)) {
	panel, words := Pointer("panel"), Pointer("words")
	left := Length("words")
	Label("line")
	Note("16 words, a row each; %s words are left.", left)
	PREFETCHT1(Mem{Base: words, Disp: blockK * tileRows * bits / 8})
	for part := range Parts() {
		at := part * VectorBytes()
		expand(Mem{Base: words, Disp: at}, Mem{Base: panel, Disp: at})
	}
	ADDQ(I32(tileBytes), words)
	ADDQ(I32(lines*tileBytes), panel)
	SUBQ(Imm(tileRows), left)
	JNZ(LabelRef("line"))
	End()
}

// groupBody has the registers of fastBlock for a group of n tokens.
type groupBody struct {
	n int

	// The addresses of the group.
	y, from, x, xScales, starts Register

	// The addresses of the tiles that are left, and their number; out and in are
	// y and from.
	out, in, panel, scales, tiles Register
}

// fastBlock writes fastOps.fastBlock4 or fastBlock8: groups of at most most tokens,
// each of which meets all tiles in body.
func fastBlock(name, doc string, most int, body func(g *groupBody)) {
	BeginArgs(name, "fastBlockArgs", doc,
		"for each tile t of 16 rows r, token c < n:\n"+
			"\ts = Σ_i w[i][r]·x[c·64 + i]     i < k, integers, exact; w in panel from t·panelStride on\n"+
			"\ty[c·yStride + t·16 + r] = from[c·fromStride + t·16 + r] + (scales[t·scaleStride + r]·xScales[c])·s     fused")
	g := &groupBody{y: Pointer("y"), from: Pointer("from"), x: Pointer("x"), xScales: Pointer("xScales"), starts: Pointer("starts")}
	left := Integer("n")
	group := func(n int) {
		Note("A group of %d tokens meets all tiles.", n)
		g.n, g.out, g.in = n, GP64(), GP64()
		g.panel, g.scales, g.tiles = Pointer("panel"), Pointer("scales"), Integer("tiles")
		MOVQ(g.y, g.out)
		MOVQ(g.from, g.in)
		body(g)
	}
	Chunks("group", "tokens", left, most, func(string) {
		group(most)
		addRows(g.y, "yStride", most)
		addRows(g.from, "fromStride", most)
		ADDQ(I32(most*blockK), g.x)
		ADDQ(Imm(uint64(4*most)), g.xScales)
		ADDQ(Imm(uint64(4*most)), g.starts)
	})
	Note("The tokens that are left, %s.", left)
	for n := 1; n < most; n++ {
		CMPQ(left, Imm(uint64(n)))
		JE(LabelRef(fmt.Sprintf("last%d", n)))
	}
	End()
	for n := 1; n < most; n++ {
		Label(fmt.Sprintf("last%d", n))
		group(n)
		End()
	}
}

// tileBlock writes the loop over tiles, one at a time. begin returns the sums, which
// are [part of a tile][token], of a tile whose panel begins at an address, and moves that
// to the first line. line adds the products of some steps of K to them: the steps take
// panelLines lines of the panel from panel on, and codes of token c at x(c).
func (g *groupBody) tileBlock(steps, panelLines int, begin func(panel Register) [][]VecVirtual, line func(panel Mem, x func(c int) Mem, sums [][]VecVirtual)) {
	name := fmt.Sprintf("n%d", g.n)
	Label(name)
	Note("A tile; %s are left.", g.tiles)
	panel, x, left := GP64(), GP64(), Integer("k")
	MOVQ(g.panel, panel)
	MOVQ(g.x, x)
	sums := begin(panel)
	for part, s := range sums {
		Note("Sums of rows %d to %d, a token each: %s.", part*Lanes(), (part+1)*Lanes()-1, s)
	}
	PREFETCHT1(Mem{Base: g.scales, Disp: tileBytes}) // of the next block
	unroll := 16 / steps
	Label(name + "k")
	Note("16 steps of K, of %s: panel at %s on, codes of x at %s on.", left, panel, x)
	for i := range unroll {
		line(Mem{Base: panel, Disp: i * panelLines * tileBytes}, func(c int) Mem { return Mem{Base: x, Disp: c*blockK + i*steps} }, sums)
	}
	ADDQ(I32(unroll*panelLines*tileBytes), panel)
	ADDQ(Imm(16), x)
	SUBQ(Imm(16), left)
	JNZ(LabelRef(name + "k"))

	g.finish(1, sums)
	SUBQ(Imm(1), g.tiles)
	JNZ(LabelRef(name))
}

// finish adds the scaled sums of some tiles to the tokens' rows, and moves the
// addresses to the next tiles.
func (g *groupBody) finish(tiles int, sums [][]VecVirtual) {
	Note("The sums, as float32 and scaled, are added to from and stored in y, a token after the other.")
	yStride, fromStride := FloatBytes("yStride"), FloatBytes("fromStride")
	var scaleStride Register
	if tiles > 1 {
		scaleStride = FloatBytes("scaleStride")
	}
	tops := Lines(g.scales, scaleStride, tiles)
	for c := range g.n {
		s := NewVector()
		VBROADCASTSS(Mem{Base: g.xScales, Disp: 4 * c}, s)
		for i := range sums {
			part := i % Parts() * VectorBytes()
			at := i/Parts()*tileBytes + part
			addScaled(sums[i][c], tops[i/Parts()].Offset(part), s, Mem{Base: g.in, Disp: at}, Mem{Base: g.out, Disp: at})
		}
		ADDQ(yStride, g.out)
		ADDQ(fromStride, g.in)
	}
	addRows(g.out, "yStride", -g.n)
	addRows(g.in, "fromStride", -g.n)
	ADDQ(I32(tiles*tileBytes), g.out)
	ADDQ(I32(tiles*tileBytes), g.in)
	panelStride := FloatBytes("panelStride")
	if tiles == 1 {
		scaleStride = FloatBytes("scaleStride")
	}
	for range tiles {
		ADDQ(panelStride, g.panel)
		ADDQ(scaleStride, g.scales)
	}
}

// addRows moves an address by n rows of the parameter stride.
func addRows(at Register, stride string, n int) {
	step := FloatBytes(stride)
	IMUL3Q(I32(n), step, step)
	ADDQ(step, at)
}

// fastBlocks writes fastOps.fastBlock4 and fastBlock8 for AVX2.
func fastBlocks() {
	parts := func(m Mem) []VecVirtual {
		all := make([]VecVirtual, Parts())
		for part := range all {
			all[part] = YMM()
			VMOVDQU(m.Offset(part*VectorBytes()), all[part])
		}
		return all
	}
	codes := func(m Mem) VecVirtual {
		x := YMM()
		VPBROADCASTD(m, x)
		return x
	}
	fastBlock("fastBlock4", "fastBlockGo of a panel plus 86.", 4, func(g *groupBody) {
		begin := func(Register) [][]VecVirtual {
			sums := make([][]VecVirtual, Parts())
			for c := range g.n {
				first := YMM()
				VPBROADCASTD(Mem{Base: g.starts, Disp: 4 * c}, first)
				sums[0] = append(sums[0], first)
				for part := 1; part < Parts(); part++ {
					sums[part] = append(sums[part], Duplicate(first))
				}
			}
			return sums
		}
		g.tileBlock(8, 2, begin, func(panel Mem, x func(c int) Mem, sums [][]VecVirtual) {
			first, second := parts(panel), parts(panel.Offset(tileBytes))
			for c := range g.n {
				x := [2]VecVirtual{codes(x(c)), codes(x(c).Offset(4))}
				for part := range first {
					// No register is left for the ones.
					addDots([2]VecVirtual{first[part], second[part]}, x, wordOnes, sums[part][c])
				}
			}
		})
	})
	fastBlock("fastBlock8", "fastBlockGo of a panel of magnitudes.", 5, func(g *groupBody) {
		ones := newOnes()
		begin := func(panel Register) [][]VecVirtual {
			sums := make([][]VecVirtual, Parts())
			for part, first := range parts(Mem{Base: panel}) {
				sums[part] = append(sums[part], first)
				for range g.n - 1 {
					sums[part] = append(sums[part], Duplicate(first))
				}
			}
			ADDQ(I32(tileBytes), panel)
			return sums
		}
		g.tileBlock(4, maskedLines, begin, func(panel Mem, x func(c int) Mem, sums [][]VecVirtual) {
			sizes := parts(panel)
			for c := range g.n {
				x := codes(x(c))
				for part, size := range sizes {
					addMaskedDots(size, panel.Offset(tileBytes+part*VectorBytes()), x, ones, sums[part][c])
				}
			}
		})
	})
}
