package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// fastVectorFormula says what fastOps.fastVector4 and fastVector8 compute.
func fastVectorFormula(block int, weight string) string {
	return fmt.Sprintf("y = 0; for each tile t of 16 rows r, token c < n, block b of %d along K:\n"+
		"\ts = Σ_k w[k][r]·x[c][k]     integers, exact; x is [K/64][xStride][64] codes\n"+
		"\ty[c·yStride + t·16 + r] += (scales[b][r]·xScales[b·xStride + c])·s     fused", block) + weight
}

func fastKernels() {
	BeginArgs("fastVector4", "fastVectorArgs", "fastVector4Go.", fastVectorFormula(blockK, "\nA weight w is code[nibble]."))
	Cases("n", "tokens", limits.fastVectorTokens, func(n int) {
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

	BeginArgs("fastVector8", "fastVectorArgs", "fastVector8Go.", fastVectorFormula(kinds.Int8Block, ""))
	Cases("n", "tokens", limits.fastVectorTokens, func(n int) {
		v := &fastBody{n: n, block: kinds.Int8Block, step: 4}
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

	u4FastVectors(func() func(v *fastBody, m Mem, at func(c, k int) Mem, sums []VecVirtual) {
		return func(v *fastBody, m Mem, at func(c, k int) Mem, sums []VecVirtual) {
			low, high := YMM(), YMM()
			VMOVDQU(m, high)
			VPAND(lowNibbles, high, low)
			VPSRLW(Imm(4), high, high)
			VPAND(lowNibbles, high, high)
			for c, sum := range sums {
				for i, codes := range []VecVirtual{low, high} {
					t := YMM()
					VPMADDUBSW(v.codes(at, c, 4*i), codes, t)
					VPADDW(t, sum, sum)
				}
			}
		}
	})
	fastExpands()
	fastBlocks()
	quantise()
	outliers()
	groupKernel()
}

// fastBody is a product of integers with n tokens.
type fastBody struct {
	n     int
	block int // steps of K that share a scale
	step  int // steps of K in a line of a tile's words
	// line adds products to the sums, one of each token: the words of a line at m,
	// a vector of them, times the codes of token c and step k at at(c, k).
	line func(m Mem, at func(c, k int) Mem, sums []VecVirtual)

	raised bool // codes of weights are raised, so that sums begin at starts

	// frame has the open groups in kinds with zeros, whose sums begin at starts times
	// zeros. words says that line's sums are of 16 bits, as those of four lines fit.
	frame   *u4Frame
	groups  Register
	words16 bool

	// share keeps the codes of a line in registers, shared[token, step], for all
	// parts of all tiles.
	share  bool
	shared map[[2]int]VecVirtual

	y, words, scales, tiles Register
}

// codes returns the four codes of token c from step k on, repeated in each lane.
func (v *fastBody) codes(at func(c, k int) Mem, c, k int) VecVirtual {
	x, known := v.shared[[2]int{c, k}]
	if !known {
		x = NewVector()
		VPBROADCASTD(at(c, k), x)
		if v.share {
			v.shared[[2]int{c, k}] = x
		}
	}
	return x
}

func (v *fastBody) loops() {
	v.y, v.words = Pointer("y"), Pointer("words")
	if v.frame != nil {
		v.groups = Pointer("groups")
	} else {
		v.scales = Pointer("scales")
	}
	v.tiles = Integer("tiles")
	for _, count := range limits.fastVectorTiles(v.n) {
		v.loop(count)
	}
}

// eachToken calls body with the address of y of each token.
func (v *fastBody) eachToken(body func(c int, y Register)) {
	if v.n == 1 {
		body(0, v.y)
		return
	}
	y, yStride := GP64(), FloatBytes("yStride")
	MOVQ(v.y, y)
	for c := range v.n {
		body(c, y)
		if c < v.n-1 {
			ADDQ(yStride, y)
		}
	}
}

// loop takes count tiles at a time while there are as many.
func (v *fastBody) loop(count int) {
	Chunks(fmt.Sprintf("n%dt%d", v.n, count), "tiles", v.tiles, count, func(name string) {
		v.share = count*Parts() > 1 && (v.n == 1 || Wide() && v.n <= 6)
		blocks, tileWords := Integer("k"), GP64()
		var tileScales Register
		SHRQ(Imm(map[int]uint64{32: 5, 64: 6}[v.block]), blocks)
		IMUL3Q(I32(v.block/v.step*tileBytes), blocks, tileWords)
		if v.frame == nil {
			tileScales = GP64()
			MOVQ(blocks, tileScales)
			SHLQ(Imm(6), tileScales)
		} else {
			MOVQ(I32(0), v.frame.counter())
		}
		x, xScales := Pointer("x"), Pointer("xScales")
		atX := func(c, k int) Mem { return Mem{Base: x, Disp: c*blockK + k} }
		var starts Register
		if v.raised || v.frame != nil {
			starts = Pointer("starts")
		}
		// Two blocks of the weights may meet one of x: half is all ones in the
		// second, which x ends behind.
		var half Register
		if v.block < blockK {
			half = GP64()
			XORQ(half, half)
		}
		atWord := Lines(v.words, tileWords, count)
		var atTop []Mem
		if v.frame == nil {
			atTop = Lines(v.scales, tileScales, count)
		}
		scale := func(t, part int) Mem {
			if v.frame != nil {
				return v.frame.scale(t, part)
			}
			return atTop[t].Offset(part * VectorBytes())
		}
		nothing := NewZero()
		v.eachToken(func(_ int, y Register) {
			for i := range count * Parts() {
				VMOVUPS(nothing, Mem{Base: y, Disp: i * VectorBytes()})
			}
		})

		Label(name + "block")
		Note("A block of %d steps of K; %s blocks are left.", v.block, blocks)
		if v.frame != nil {
			v.frame.open(name, v.groups, count, v.block, func(z VecVirtual, to Mem) { VMOVUPS(z, to) })
		}
		sums := make([][]VecVirtual, count*Parts())
		for c := range v.n {
			if v.frame == nil {
				break
			}
			start := NewVector()
			VPBROADCASTD(Mem{Base: starts, Disp: 4 * c}, start)
			for i := range sums {
				// Zeros and starts fit in 16 bits, and the upper halves of zeros are 0.
				sums[i] = append(sums[i], NewVector())
				VPMADDWD(v.frame.part(i/Parts(), i%Parts()), start, sums[i][c])
			}
		}
		for i := range sums {
			for c := range v.n {
				switch {
				case v.frame != nil:
				case !v.raised:
					sums[i] = append(sums[i], NewZero())
				case i == 0:
					sums[0] = append(sums[0], NewVector())
					VPBROADCASTD(Mem{Base: starts, Disp: 4 * c}, sums[0][c])
				default:
					sums[i] = append(sums[i], Duplicate(sums[0][c]))
				}
			}
		}
		if v.raised {
			Note("Sums begin at starts (%s), what the raise of the weights adds, negated.", starts)
		}
		for i, s := range sums {
			Note("Sums of tile %d, rows %d to %d, a token each: %s.", i/Parts(), i%Parts()*Lanes(), (i%Parts()+1)*Lanes()-1, s)
		}
		if v.frame == nil {
			prefetch(ahead(v.scales, tileScales, count, aheadBlocks*tileBytes, blocks, aheadBlocks+1), tileBytes)
		}
		all := v.block / v.step
		far := ahead(v.words, tileWords, count, aheadBytes, blocks, aheadBytes/(all*tileBytes)+1)
		unroll := 2
		switch {
		case Wide() && v.n > 1 && v.n <= 3: // of one token, words come from memory best a few lines at a time
			unroll = all
		case v.words16:
			unroll = 4
		}
		steps := GP64()
		if unroll < all {
			MOVQ(U32(uint32(all/unroll)), steps)
			Label(name + "step")
		}
		Note("%d lines of %d steps of K: words at %s on, codes of x at %s on.", unroll, v.step, atWord[0], x)
		prefetch(far, unroll*tileBytes)
		part := func(line, i int, sums []VecVirtual) {
			m := atWord[i/Parts()].Offset(line*tileBytes + i%Parts()*VectorBytes())
			v.line(m, func(c, k int) Mem { return atX(c, line*v.step+k) }, sums)
		}
		if v.words16 {
			v.shared = map[[2]int]VecVirtual{}
			v.inWords(unroll, sums, part)
		} else {
			for line := range unroll {
				v.shared = map[[2]int]VecVirtual{}
				for i := range sums {
					part(line, i, sums[i])
				}
			}
		}
		Advance(atWord, unroll*tileBytes)
		ADDQ(I32(unroll*v.step), x)
		if unroll < all {
			Advance(far, unroll*tileBytes)
			DECQ(steps)
			JNZ(LabelRef(name + "step"))
		}
		Note("The block's sums, as float32 and scaled, are added to y.")
		v.eachToken(func(c int, y Register) {
			s := NewVector()
			VBROADCASTSS(Mem{Base: xScales, Disp: 4 * c}, s)
			for i := range sums {
				total := Mem{Base: y, Disp: i * VectorBytes()}
				addScaled(sums[i][c], scale(i/Parts(), i%Parts()), s, total, total)
			}
		})
		if v.frame == nil {
			Advance(atTop, tileBytes)
		}
		Note("To the next block: x's codes of the other tokens are skipped.")
		xStride := FloatBytes("xStride")
		ADDQ(xStride, xScales)
		if starts != nil {
			ADDQ(xStride, starts)
		}
		SHLQ(Imm(4), xStride) // from a block of codes to the next
		SUBQ(Imm(blockK), xStride)
		if half != nil {
			ANDQ(half, xStride)
			NOTQ(half)
		}
		ADDQ(xStride, x)
		DECQ(blocks)
		JNZ(LabelRef(name + "block"))

		Note("The words and scales of the first tile are behind: skip the others'.")
		ADDQ(I32(count*tileBytes), v.y)
		for range count - 1 {
			ADDQ(tileWords, v.words)
			if v.frame == nil {
				ADDQ(tileScales, v.scales)
			}
		}
		if v.frame != nil && count > 1 {
			others := FloatBytes("tileGroups")
			IMUL3Q(Imm(uint64(count-1)), others, others)
			ADDQ(others, v.groups)
		}
	})
}
