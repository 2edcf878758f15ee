package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/kernels/internal/gen/addresses"
)

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
			VPSHUFB(low, table, low)
			VPSHUFB(high, table, high)
			for c, sum := range sums {
				addDots([2]VecVirtual{low, high}, [2]VecVirtual{v.codes(at, c, 0), v.codes(at, c, 4)}, ones, sum)
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
	outliers()
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

	share  bool
	shared map[[2]int]VecVirtual // codes of a line, of a column and a step, for all pieces

	y, words, scales, tiles Register
}

// codes are four codes of a column, repeated. They serve all pieces where there
// are registers to keep them in.
func (v *fastBody) codes(at func(c, k int) Mem, c, k int) VecVirtual {
	x, known := v.shared[[2]int{c, k}]
	if !known {
		x = isa.vector()
		VPBROADCASTD(at(c, k), x)
		if v.share {
			v.shared[[2]int{c, k}] = x
		}
	}
	return x
}

func (v *fastBody) loops() {
	v.y, v.words, v.scales = pointer("y"), pointer("words"), pointer("scales")
	v.tiles = integer("tiles")
	for _, count := range isa.fastVectorTiles(v.n) {
		v.loop(count)
	}
}

// eachColumn calls body with where y of each column lies.
func (v *fastBody) eachColumn(body func(c int, y Register)) {
	if v.n == 1 {
		body(0, v.y)
		return
	}
	y, stride := GP64(), floatBytes("stride")
	MOVQ(v.y, y)
	for c := range v.n {
		body(c, y)
		if c < v.n-1 {
			ADDQ(stride, y)
		}
	}
}

// loop takes count tiles at a time while there are as many.
func (v *fastBody) loop(count int) {
	takeTiles(fmt.Sprintf("n%dt%d", v.n, count), v.tiles, count, func(name string) {
		v.share = count*isa.parts > 1 && (v.n == 1 || isa.wide && v.n <= 6)
		blocks, tileWords, tileScales := integer("depth"), GP64(), GP64()
		SHRQ(Imm(map[int]uint64{32: 5, 64: 6}[v.block]), blocks)
		IMUL3Q(I32(v.block/v.step*tileBytes), blocks, tileWords)
		MOVQ(blocks, tileScales)
		SHLQ(Imm(6), tileScales)
		x, xScales := pointer("x"), pointer("xScales")
		atX := func(c, k int) Mem { return Mem{Base: x, Disp: c*blockK + k} }
		var starts Register
		if v.raised {
			starts = pointer("starts")
		}
		// Two blocks of the weights may meet one of x: half is all ones in the
		// second, which x ends behind.
		var half Register
		if v.block < blockK {
			half = GP64()
			XORQ(half, half)
		}
		atWord, atTop := addresses.Lines(v.words, tileWords, count), addresses.Lines(v.scales, tileScales, count)
		nothing := newZero()
		v.eachColumn(func(_ int, y Register) {
			for i := range count * isa.parts {
				VMOVUPS(nothing, Mem{Base: y, Disp: i * 4 * isa.lanes})
			}
		})

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
		prefetch(ahead(v.scales, tileScales, count, aheadBlocks*tileBytes, blocks, aheadBlocks+1), tileBytes)
		all := v.block / v.step
		far := ahead(v.words, tileWords, count, aheadBytes, blocks, aheadBytes/(all*tileBytes)+1)
		unroll := 2
		if isa.wide && v.n <= 3 {
			unroll = all
		}
		steps := GP64()
		if unroll < all {
			MOVQ(U32(uint32(all/unroll)), steps)
			Label(name + "step")
		}
		prefetch(far, unroll*tileBytes)
		for line := range unroll {
			v.shared = map[[2]int]VecVirtual{}
			for i := range sums {
				m := atWord[i/isa.parts].Offset(line*tileBytes + i%isa.parts*4*isa.lanes)
				v.line(m, func(c, k int) Mem { return atX(c, line*v.step+k) }, sums[i])
			}
		}
		addresses.Advance(atWord, unroll*tileBytes)
		ADDQ(I32(unroll*v.step), x)
		if unroll < all {
			addresses.Advance(far, unroll*tileBytes)
			DECQ(steps)
			JNZ(LabelRef(name + "step"))
		}
		v.eachColumn(func(c int, y Register) {
			s := isa.vector()
			VBROADCASTSS(Mem{Base: xScales, Disp: 4 * c}, s)
			for i := range sums {
				total := Mem{Base: y, Disp: i * 4 * isa.lanes}
				addScaled(sums[i][c], atTop[i/isa.parts].Offset(i%isa.parts*4*isa.lanes), s, total, total)
			}
		})
		addresses.Advance(atTop, tileBytes)
		reach := floatBytes("reach")
		ADDQ(reach, xScales)
		if v.raised {
			ADDQ(reach, starts)
		}
		SHLQ(Imm(4), reach) // from a block of codes to the next
		SUBQ(Imm(blockK), reach)
		if half != nil {
			ANDQ(half, reach)
			NOTQ(half)
		}
		ADDQ(reach, x)
		DECQ(blocks)
		JNZ(LabelRef(name + "block"))

		// The words and scales of the first tile are behind: skip the others'.
		ADDQ(I32(count*tileBytes), v.y)
		for range count - 1 {
			ADDQ(tileWords, v.words)
			ADDQ(tileScales, v.scales)
		}
	})
}
