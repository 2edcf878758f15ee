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

func fastKernels() {
	begin("fastVector4",
		"func(y []float32, words []uint32, scales []float32, x []uint32, xScales []float32, xSums []int32, depth, tiles int, code *[16]int8)",
		"%s is fastVector4Go.")
	table, sizes, code := YMM(), YMM(), integer("code")
	VBROADCASTI128(Mem{Base: code}, table)
	VPABSB(table, sizes)
	fastVector(blockK, 8, func(words []Mem, x Mem, ones VecVirtual, sums []VecVirtual) {
		// Low nibbles are the first four steps of K.
		for half := range 2 {
			v := YMM()
			VPBROADCASTD(x.Offset(4*half), v)
			for i, m := range words {
				w, size := YMM(), YMM()
				VMOVDQU(m, w)
				if half == 1 {
					VPSRLW(Imm(4), w, w)
				}
				VPAND(lowNibbles, w, w)
				VPSHUFB(w, sizes, size)
				VPSHUFB(w, table, w)
				addDots(w, size, v, ones, sums[i])
			}
		}
	})

	begin("fastVector8",
		"func(y []float32, words []uint32, scales []float32, x []uint32, xScales []float32, xSums []int32, depth, tiles int)",
		"%s is fastVector8Go.")
	fastVector(32, 4, func(words []Mem, x Mem, ones VecVirtual, sums []VecVirtual) {
		v := YMM()
		VPBROADCASTD(x, v)
		for i, m := range words {
			w, size := YMM(), YMM()
			VMOVDQU(m, w)
			VPABSB(w, size)
			addDots(w, size, v, ones, sums[i])
		}
	})

	fastExpands()
	fastBlock()
	quantise()
}

// fastVector is the loop over blocks of K of two tiles at a time. A line of a
// tile's words holds some steps of K, and dots adds their products.
func fastVector(block, step int, dots func(words []Mem, x Mem, ones VecVirtual, sums []VecVirtual)) {
	y, words, scales := pointer("y"), pointer("words"), pointer("scales")
	tiles := integer("tiles")
	ones := newOnes()
	for count := 2; count > 0; count-- {
		name := fmt.Sprintf("t%d", count)
		Label(name)
		CMPQ(tiles, Imm(uint64(count)))
		JLT(LabelRef(name + "done"))
		blocks, tileWords, tileScales := integer("depth"), GP64(), GP64()
		SHRQ(Imm(map[int]uint64{32: 5, 64: 6}[block]), blocks)
		IMUL3Q(I32(block/step*tileBytes), blocks, tileWords)
		MOVQ(blocks, tileScales)
		SHLQ(Imm(6), tileScales)
		x, xScales := pointer("x"), pointer("xScales")
		atWord, atTop := lines(words, tileWords, count), lines(scales, tileScales, count)
		nothing := newZero()
		for i := range count * isa.parts {
			VMOVUPS(nothing, Mem{Base: y, Disp: i * 4 * isa.lanes})
		}

		Label(name + "block")
		sums := make([]VecVirtual, count*isa.parts)
		for i := range sums {
			sums[i] = newZero()
		}
		steps := GP64()
		MOVQ(U32(uint32(block/step/2)), steps)
		Label(name + "step")
		prefetch(atWord, 2*tileBytes)
		for line := range 2 {
			at := make([]Mem, len(sums))
			for i := range at {
				at[i] = atWord[i/isa.parts].Offset(line*tileBytes + i%isa.parts*4*isa.lanes)
			}
			dots(at, Mem{Base: x, Disp: line * step}, ones, sums)
		}
		advance(atWord, 2*tileBytes)
		ADDQ(Imm(uint64(2*step)), x)
		DECQ(steps)
		JNZ(LabelRef(name + "step"))
		s := isa.vector()
		VBROADCASTSS(Mem{Base: xScales}, s)
		for i, sum := range sums {
			addScaled(sum, atTop[i/isa.parts].Offset(i%isa.parts*4*isa.lanes), s, Mem{Base: y, Disp: i * 4 * isa.lanes})
		}
		advance(atTop, tileBytes)
		ADDQ(Imm(4), xScales)
		DECQ(blocks)
		JNZ(LabelRef(name + "block"))

		// The words and scales of the first tile are behind: skip the others'.
		ADDQ(I32(count*tileBytes), y)
		for range count - 1 {
			ADDQ(tileWords, words)
			ADDQ(tileScales, scales)
		}
		SUBQ(Imm(uint64(count)), tiles)
		JMP(LabelRef(name))
		Label(name + "done")
	}
	VZEROUPPER()
	RET()
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
