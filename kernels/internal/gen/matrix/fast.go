package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The products of integers in AVX2. VPMADDUBSW multiplies unsigned by signed
// bytes and adds pairs: here |w| and x with the sign of w, whose pairs are at
// most 2·128·127 and so never saturate.

// addDots adds the products of 8 words of weights, four steps of K of a row
// each, and x, four codes repeated, to sum.
func addDots(w, size, x, ones, sum VecVirtual) {
	t := YMM()
	VPSIGNB(w, x, t)
	VPMADDUBSW(t, size, t)
	VPMADDWD(ones, t, t)
	VPADDD(t, sum, sum)
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
	"x []uint32, xScales []float32, xSums []int32, reach, n, depth, tiles int, code *[16]int8)"

func fastKernels() {
	begin("fastVector4", fastVectorSignature, "%s is fastVector4Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		table, sizes, code, ones := YMM(), YMM(), integer("code"), newOnes()
		VBROADCASTI128(Mem{Base: code}, table)
		VPABSB(table, sizes)
		v := &fastBody{n: n, block: blockK, step: 8, line: func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			// Low nibbles are the first four steps of K.
			for half := range 2 {
				w, size := YMM(), YMM()
				VMOVDQU(m, w)
				if half == 1 {
					VPSRLW(Imm(4), w, w)
				}
				VPAND(lowNibbles, w, w)
				VPSHUFB(w, sizes, size)
				VPSHUFB(w, table, w)
				for c, sum := range sums {
					x := YMM()
					VPBROADCASTD(at(c, 4*half), x)
					addDots(w, size, x, ones, sum)
				}
			}
		}}
		v.loops()
	})

	begin("fastVector8", fastVectorSignature, "%s is fastVector8Go.")
	byColumns(isa.fastVectorColumns, func(n int) {
		ones := newOnes()
		v := &fastBody{n: n, block: 32, step: 4, line: func(m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			w, size := YMM(), YMM()
			VMOVDQU(m, w)
			VPABSB(w, size)
			for c, sum := range sums {
				x := YMM()
				VPBROADCASTD(at(c, 0), x)
				addDots(w, size, x, ones, sum)
			}
		}}
		v.loops()
	})

	fastExpands()
	fastBlock()
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

	// In VNNI sums begin with what unsigned weights add too much.
	corrected bool

	y, words, scales, tiles Register
	strideY, reachX         Register // in bytes
	reachScales, reachSums  Register
}

func (v *fastBody) loops() {
	v.y, v.words, v.scales = pointer("y"), pointer("words"), pointer("scales")
	v.tiles = integer("tiles")
	if v.n > 1 {
		v.strideY, v.reachX = floatBytes("stride"), integer("reach")
		SHLQ(Imm(6), v.reachX)
		v.reachScales = integer("reach")
		SHLQ(Imm(map[int]uint64{32: 3, 64: 2}[v.block]), v.reachScales)
		if v.corrected {
			v.reachSums = integer("reach")
			SHLQ(Imm(3), v.reachSums)
		}
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
	atX, atScale := lines(pointer("x"), v.reachX, v.n), lines(pointer("xScales"), v.reachScales, v.n)
	var atSum []Mem
	if v.corrected {
		atSum = lines(pointer("xSums"), v.reachSums, v.n)
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
			case !v.corrected:
				sums[i] = append(sums[i], newZero())
			case i == 0:
				sums[0] = append(sums[0], correction(atSum[c], v.block))
			default:
				s := isa.vector()
				VMOVDQA32(sums[0][c], s)
				sums[i] = append(sums[i], s)
			}
		}
	}
	all := v.block / v.step
	unroll := 2
	if v.corrected {
		unroll = all // a counter would be a register too many
	}
	steps := GP64()
	if unroll < all {
		MOVQ(U32(uint32(all/unroll)), steps)
		Label(name + "step")
	}
	prefetch(atWord, unroll*tileBytes)
	for line := range unroll {
		for i := range sums {
			m := atWord[i/isa.parts].Offset(line*tileBytes + i%isa.parts*4*isa.lanes)
			v.line(m, func(c, k int) Mem { return atX[c].Offset(line*v.step + k) }, sums[i])
		}
	}
	advance(atWord, unroll*tileBytes)
	advance(atX, unroll*v.step)
	if unroll < all {
		DECQ(steps)
		JNZ(LabelRef(name + "step"))
	}
	for c := range v.n {
		s := isa.vector()
		VBROADCASTSS(atScale[c], s)
		for i := range sums {
			addScaled(sums[i][c], atTop[i/isa.parts].Offset(i%isa.parts*4*isa.lanes), s, total(i, c))
		}
	}
	advance(atTop, tileBytes)
	advance(atScale, 4)
	if v.corrected {
		advance(atSum, v.block/8)
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

// fastExpands write fastOps.fastExpand4 and fastExpand8: a code c becomes the
// 16 bits of 256·c, the first and third of four in one word, the second and
// fourth in the next.
func fastExpands() {
	begin("fastExpand4", "func(panel []uint32, words []uint32, code *[16]int8)", "%s is fastExpand4Go, by pairs.")
	table, code := YMM(), integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	expandCodes(4*tileBytes, func(m Mem, store func(line int, codes VecVirtual)) {
		low, high := YMM(), YMM()
		VMOVDQU(m, high)
		VPAND(lowNibbles, high, low)
		VPSRLW(Imm(4), high, high)
		VPAND(lowNibbles, high, high)
		for i, v := range []VecVirtual{low, high} {
			VPSHUFB(v, table, v)
			store(2*i, v)
		}
	})

	begin("fastExpand8", "func(panel []uint32, words []uint32)", "%s is fastExpand8Go, by pairs.")
	expandCodes(2*tileBytes, func(m Mem, store func(line int, codes VecVirtual)) {
		v := YMM()
		VMOVDQU(m, v)
		store(0, v)
	})
}

// expandCodes is the loop of both over lines of words, which make size bytes
// each.
func expandCodes(size int, expand func(m Mem, store func(line int, codes VecVirtual))) {
	panel, words := pointer("panel"), pointer("words")
	left := Load(Param("words").Len(), GP64())
	mask := YMM()
	VPCMPEQW(mask, mask, mask)
	VPSLLW(Imm(8), mask, mask)
	Label("line")
	for part := range isa.parts {
		at := part * 4 * isa.lanes
		expand(Mem{Base: words, Disp: at}, func(line int, codes VecVirtual) {
			even := YMM()
			VPSLLW(Imm(8), codes, even)
			VPAND(mask, codes, codes)
			VMOVDQU(even, Mem{Base: panel, Disp: line*tileBytes + at})
			VMOVDQU(codes, Mem{Base: panel, Disp: (line+1)*tileBytes + at})
		})
	}
	ADDQ(I32(tileBytes), words)
	ADDQ(I32(size), panel)
	SUBQ(Imm(tileRows), left)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// fastBlock writes fastOps.fastBlock: a tile at a time.
func fastBlock() {
	begin("fastBlock",
		"func(acc []float32, stride int, panel []uint32, reach int, x []uint32, xScales []float32, xSums []int32, scales []float32, scaleReach, k, n, tiles int)",
		"%s is fastBlockGo by pairs.")
	byColumns(isa.fastColumns, func(n int) {
		acc, panel, scales := pointer("acc"), pointer("panel"), pointer("scales")
		stride, reach, scaleReach := floatBytes("stride"), floatBytes("reach"), floatBytes("scaleReach")
		tiles := integer("tiles")
		name := fmt.Sprintf("n%d", n)
		Label(name)
		sums := make([][]VecVirtual, isa.parts)
		for part := range sums {
			for range n {
				sums[part] = append(sums[part], newZero())
			}
		}
		w, x, left := GP64(), pointer("x"), integer("k")
		MOVQ(panel, w)
		const unroll = 4 // lines of two steps of K
		Label(name + "k")
		for line := range unroll {
			weights := make([]VecVirtual, isa.parts)
			for part := range weights {
				weights[part] = YMM()
				VMOVDQU(Mem{Base: w, Disp: line*tileBytes + part*4*isa.lanes}, weights[part])
			}
			for c := range n {
				v := YMM()
				VPBROADCASTD(Mem{Base: x, Disp: 4 * (line*n + c)}, v)
				for part := range weights {
					t := v
					if part < isa.parts-1 {
						t = YMM()
					}
					VPMADDWD(weights[part], v, t)
					VPADDD(t, sums[part][c], sums[part][c])
				}
			}
		}
		ADDQ(I32(unroll*tileBytes), w)
		ADDQ(I32(4*unroll*n), x)
		SUBQ(Imm(2*unroll), left)
		JNZ(LabelRef(name + "k"))

		xScales, out := pointer("xScales"), GP64()
		MOVQ(acc, out)
		for c := range n {
			s := isa.vector()
			VBROADCASTSS(Mem{Base: xScales, Disp: 4 * c}, s)
			for part := range sums {
				at := part * 4 * isa.lanes
				VPSRAD(Imm(8), sums[part][c], sums[part][c])
				addScaled(sums[part][c], Mem{Base: scales, Disp: at}, s, Mem{Base: out, Disp: at})
			}
			if c < n-1 {
				ADDQ(stride, out)
			}
		}
		ADDQ(I32(tileBytes), acc)
		ADDQ(reach, panel)
		ADDQ(scaleReach, scales)
		DECQ(tiles)
		JNZ(LabelRef(name))
	})
}

// quantise writes the rounding of whole blocks of 64 of x.
func quantise() {
	begin("quantise", "func(words []uint32, scales []float32, sums []int32, x []float32)",
		"%s is quantiseGo for whole blocks.")
	words, scales, sums, x := pointer("words"), pointer("scales"), pointer("sums"), pointer("x")
	left := Load(Param("scales").Len(), GP64())
	magnitude, most := constant("magnitude", 0x7fffffff), constant("codeMax", 0x42fe0000)
	order := table("packedOrder", 0, 4, 1, 5, 2, 6, 3, 7)
	Label("block")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	// The greatest magnitude: as integers, which order magnitudes as floats
	// do and put NaN last.
	top := newZero()
	for i := range 8 {
		v := YMM()
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, v)
		VPAND(magnitude, v, v)
		VPMAXUD(v, top, top)
	}
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
		sum := YMM()
		VPADDW(a, b, sum)
		VPMADDWD(ones, sum, sum)
		VEXTRACTI128(Imm(1), sum, half)
		VPADDD(half, sum.AsX(), sum.AsX())
		for _, swap := range []uint64{0x4e, 0xb1} {
			VPSHUFD(Imm(swap), sum.AsX(), half)
			VPADDD(half, sum.AsX(), sum.AsX())
		}
		VMOVD(sum.AsX(), Mem{Base: sums, Disp: 4 * h})
		VPACKSSWB(b, a, a)
		VPERMD(a, permutation, a)
		VMOVDQU(a, Mem{Base: words, Disp: 32 * h})
	}
	Label("next")
	ADDQ(Imm(64), words)
	ADDQ(Imm(4), scales)
	ADDQ(Imm(8), sums)
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
	MOVQ(U32(0), Mem{Base: sums})
	JMP(LabelRef("next"))

	Label("done")
	VZEROUPPER()
	RET()
}

// tiny8 is the bits of Go's constant of that name.
const tiny8 = (127 - 100) << 23
