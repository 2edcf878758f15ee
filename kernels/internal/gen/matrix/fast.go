package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The products of integers in AVX2. VPMADDUBSW multiplies unsigned by signed
// bytes and adds pairs in 16 bits. Codes of 4-bit weights plus 86 are unsigned,
// and their pairs never saturate as x is scaled. Of int8 weights it multiplies
// |w| and x with the sign of w, whose pairs are at most 2·128·127.

// As the constants of these names in Go.
const (
	codeMost = 86
	pairMost = 189
)

// addDots adds the products of 8 words of unsigned weights, four steps of K of
// a row each, and x, four codes repeated, to sum.
func addDots(w, x, ones, sum VecVirtual) {
	t := YMM()
	VPMADDUBSW(x, w, t)
	VPMADDWD(ones, t, t)
	VPADDD(t, sum, sum)
}

// addSignedDots is addDots of weights and their magnitudes.
func addSignedDots(w, size, x, sum VecVirtual) {
	t := YMM()
	VPSIGNB(w, x, t)
	VPMADDUBSW(t, size, t)
	VPMADDWD(wordOnes, t, t)
	VPADDD(t, sum, sum)
}

// raisedTable is a table of codes plus 86.
func raisedTable() VecVirtual {
	table, code := YMM(), integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	VPADDB(raised, table, table)
	return table
}

// addScaled adds sum times the rows' scales and a scale of x to the numbers at
// m.
func addScaled(sum VecVirtual, scales Mem, x VecVirtual, m Mem) {
	t, acc := isa.vector(), isa.vector()
	VCVTDQ2PS(sum, sum)
	VMULPS(scales, x, t)
	VMOVUPS(m, acc)
	VFMADD231PS(sum, t, acc)
	VMOVUPS(acc, m)
}

// newOnes is 16 bits of 1 repeated.
func newOnes() VecVirtual {
	v := YMM()
	VPCMPEQW(v, v, v)
	VPSRLW(Imm(15), v, v)
	return v
}

const fastVectorSignature = "func(y []float32, stride int, words []uint32, scales []float32, " +
	"x []uint32, xScales []float32, starts []int32, reach, n, depth, tiles int, code *[16]int8)"

func fastKernels() {
	begin("fastVector4", fastVectorSignature, "%s is fastVector4Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		table, ones := raisedTable(), newOnes()
		v := &fastBody{n: n, block: blockK, step: 8, raised: true}
		v.line = func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			// Low nibbles are the first four steps of K.
			low, high := YMM(), YMM()
			VMOVDQU(m, high)
			VPAND(lowNibbles, high, low)
			VPSRLW(Imm(4), high, high)
			VPAND(lowNibbles, high, high)
			for half, w := range []VecVirtual{low, high} {
				VPSHUFB(w, table, w)
				for c, sum := range sums {
					addDots(w, v.codes(at, c, 4*half), ones, sum)
				}
			}
		}
		v.loops()
	})

	begin("fastVector8", fastVectorSignature, "%s is fastVector8Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		v := &fastBody{n: n, block: 32, step: 4}
		v.line = func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			w, size := YMM(), YMM()
			VMOVDQU(m, w)
			VPABSB(w, size)
			for c, sum := range sums {
				addSignedDots(w, size, v.codes(at, c, 0), sum)
			}
		}
		v.loops()
	})

	fastExpands()
	fastBlocks()
	quantise()
}

// fastBody is the product of some tiles of integers with n columns.
type fastBody struct {
	n     int
	block int // steps of K that share a scale
	step  int // and those in a line of a tile's words
	// line adds the products of a part of a line of words with the codes that
	// at finds, of a column and a step, to the sums of the columns.
	line func(m Mem, at func(c, k int) Mem, sums []VecVirtual)

	raised bool // the weights, so that sums begin with starts

	shared map[int]VecVirtual // codes of a line that serve all tiles

	y, words, scales, tiles Register
	strideY, reach          Register // in bytes; reach of columns of 4
}

// codes are four codes of a column, repeated. Those of a single one serve all
// tiles.
func (v *fastBody) codes(at func(c, k int) Mem, c, k int) VecVirtual {
	x, known := v.shared[k]
	if !known {
		x = YMM()
		VPBROADCASTD(at(c, k), x)
		if v.n == 1 {
			v.shared[k] = x
		}
	}
	return x
}

func (v *fastBody) loops() {
	v.y, v.words, v.scales = pointer("y"), pointer("words"), pointer("scales")
	v.tiles, v.reach = integer("tiles"), floatBytes("reach")
	if v.n > 1 {
		v.strideY = floatBytes("stride")
	}
	for _, count := range isa.fastVectorTiles(v.n) {
		v.loop(count)
	}
}

// loop takes count tiles at a time while there are as many.
func (v *fastBody) loop(count int) {
	name := fmt.Sprintf("n%dt%d", v.n, count)
	Label(name)
	CMPQ(v.tiles, Imm(uint64(count)))
	JLT(LabelRef(name + "done"))
	blocks, tileWords, tileScales := integer("depth"), GP64(), GP64()
	SHRQ(Imm(map[int]uint64{32: 5, 64: 6}[v.block]), blocks)
	IMUL3Q(I32(v.block/v.step*tileBytes), blocks, tileWords)
	MOVQ(blocks, tileScales)
	SHLQ(Imm(6), tileScales)
	atY := lines(v.y, v.strideY, v.n)
	x, xScales := pointer("x"), pointer("xScales")
	atX := func(c, k int) Mem { return Mem{Base: x, Disp: c*blockK + k} }
	var starts Register
	if v.raised {
		starts = pointer("starts")
	}
	// What lies between the codes of this block and of the next; where two
	// blocks of the weights meet one of x, also of the one after.
	skip, skipped := GP64(), GP64()
	MOVQ(v.reach, skip)
	SHLQ(Imm(4), skip)
	SUBQ(Imm(blockK), skip)
	if v.block < blockK {
		MOVQ(skip, skipped)
		XORL(skip.As32(), skip.As32())
	}
	atWord, atTop := lines(v.words, tileWords, count), lines(v.scales, tileScales, count)
	total := func(i, c int) Mem { return atY[c].Offset(i * 4 * isa.lanes) }
	nothing := newZero()
	for i := range count * isa.parts {
		for c := range v.n {
			VMOVUPS(nothing, total(i, c))
		}
	}

	Label(name + "block")
	sums := make([][]VecVirtual, count*isa.parts)
	for i := range sums {
		for c := range v.n {
			switch {
			case !v.raised:
				sums[i] = append(sums[i], newZero())
			case i == 0:
				sums[0] = append(sums[0], isa.vector())
				VPBROADCASTD(Mem{Base: starts, Disp: 4 * c}, sums[0][c])
			default:
				sums[i] = append(sums[i], duplicate(sums[0][c]))
			}
		}
	}
	all := v.block / v.step
	unroll := 2
	if isa.wide {
		unroll = all
	}
	steps := GP64()
	if unroll < all {
		MOVQ(U32(uint32(all/unroll)), steps)
		Label(name + "step")
	}
	prefetch(atWord, unroll*tileBytes)
	for line := range unroll {
		v.shared = map[int]VecVirtual{}
		for i := range sums {
			m := atWord[i/isa.parts].Offset(line*tileBytes + i%isa.parts*4*isa.lanes)
			v.line(m, func(c, k int) Mem { return atX(c, line*v.step+k) }, sums[i])
		}
	}
	advance(atWord, unroll*tileBytes)
	ADDQ(I32(unroll*v.step), x)
	if unroll < all {
		DECQ(steps)
		JNZ(LabelRef(name + "step"))
	}
	for c := range v.n {
		s := isa.vector()
		VBROADCASTSS(Mem{Base: xScales, Disp: 4 * c}, s)
		for i := range sums {
			addScaled(sums[i][c], atTop[i/isa.parts].Offset(i%isa.parts*4*isa.lanes), s, total(i, c))
		}
	}
	advance(atTop, tileBytes)
	ADDQ(v.reach, xScales)
	if v.raised {
		ADDQ(v.reach, starts)
	}
	ADDQ(skip, x)
	if v.block < blockK {
		XCHGQ(skip, skipped)
	}
	DECQ(blocks)
	JNZ(LabelRef(name + "block"))

	// The words and scales of the first tile are behind: skip the others'.
	ADDQ(I32(count*tileBytes), v.y)
	for range count - 1 {
		ADDQ(tileWords, v.words)
		ADDQ(tileScales, v.scales)
	}
	SUBQ(Imm(uint64(count)), v.tiles)
	JMP(LabelRef(name))
	Label(name + "done")
}

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

// quantise writes the rounding of whole blocks of 64 of x.
func quantise() {
	begin("quantise", "func(words []uint32, scales []float32, sums []int32, x []float32, n int)",
		"%s is quantiseGo for whole blocks.")
	words, scales, sums, x := pointer("words"), pointer("scales"), pointer("sums"), pointer("x")
	left, stride, wordStride := Load(Param("x").Len(), GP64()), floatBytes("n"), GP64()
	SHRQ(Imm(6), left)
	MOVQ(stride, wordStride)
	SHLQ(Imm(4), wordStride)
	sum := []Mem{{Base: sums}, {Base: sums, Index: stride, Scale: 1}}
	magnitude, most := constant("magnitude", 0x7fffffff), constant("codeMax", math.Float32bits(127))
	pairShare := constant("pairShare", math.Float32bits(127./pairMost))
	order := table("packedOrder", 0, 4, 1, 5, 2, 6, 3, 7)
	Label("block")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	// The greatest magnitude: as integers, which order magnitudes as floats
	// do and put NaN last.
	top, pair := newZero(), newZero()
	for i := range 8 {
		v, next := YMM(), YMM()
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, v)
		VPAND(magnitude, v, v)
		VPMAXUD(v, top, top)
		VPSHUFD(Imm(0xb1), v, next)
		VADDPS(next, v, v)
		VPMAXUD(v, pair, pair)
	}
	VMULPS(pairShare, pair, pair)
	VPMAXUD(pair, top, top)
	half := XMM()
	VEXTRACTI128(Imm(1), top, half)
	VPMAXUD(half, top.AsX(), top.AsX())
	for _, swap := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(swap), top.AsX(), half)
		VPMAXUD(half, top.AsX(), top.AsX())
	}
	bits := GP32()
	VMOVD(top.AsX(), bits)
	CMPL(bits, U32(0x7f7fffff))
	JHI(LabelRef("infinite"))
	CMPL(bits, U32(tiny8))
	JCS(LabelRef("tiny"))

	VPBROADCASTD(top.AsX(), top)
	scale, inverse := YMM(), YMM()
	VMOVUPS(most, inverse)
	VDIVPS(inverse, top, scale)
	VDIVPS(top, inverse, inverse)
	VMOVSS(scale.AsX(), Mem{Base: scales})
	var pairs [4]VecVirtual // of vectors, as int16
	for i := range 8 {
		v := YMM()
		VMULPS(Mem{Base: x, Disp: 32 * i}, inverse, v)
		VCVTPS2DQ(v, v)
		if i%2 == 0 {
			pairs[i/2] = v
		} else {
			VPACKSSDW(v, pairs[i/2], pairs[i/2])
		}
	}
	ones, permutation := newOnes(), YMM()
	VMOVDQU(order, permutation)
	for h := range 2 {
		a, b := pairs[2*h], pairs[2*h+1]
		v := YMM()
		VPADDW(a, b, v)
		VPMADDWD(ones, v, v)
		VEXTRACTI128(Imm(1), v, half)
		VPADDD(half, v.AsX(), v.AsX())
		for _, swap := range []uint64{0x4e, 0xb1} {
			VPSHUFD(Imm(swap), v.AsX(), half)
			VPADDD(half, v.AsX(), v.AsX())
		}
		VMOVD(v.AsX(), sum[h])
		VPACKSSWB(b, a, a)
		VPERMD(a, permutation, a)
		VMOVDQU(a, Mem{Base: words, Disp: 32 * h})
	}
	Label("next")
	ADDQ(wordStride, words)
	ADDQ(stride, scales)
	LEAQ(Mem{Base: sums, Index: stride, Scale: 2}, sums)
	ADDQ(I32(256), x)
	DECQ(left)
	JMP(LabelRef("block"))

	Label("infinite")
	MOVL(U32(0x7fc00000), Mem{Base: scales})
	JMP(LabelRef("nothing"))
	Label("tiny")
	MOVL(U32(0), Mem{Base: scales})
	Label("nothing")
	nothing := newZero()
	VMOVDQU(nothing, Mem{Base: words})
	VMOVDQU(nothing, Mem{Base: words, Disp: 32})
	MOVL(U32(0), sum[0])
	MOVL(U32(0), sum[1])
	JMP(LabelRef("next"))

	Label("done")
	VZEROUPPER()
	RET()
}

// tiny8 is the bits of Go's constant of that name.
const tiny8 = (127 - 100) << 23
