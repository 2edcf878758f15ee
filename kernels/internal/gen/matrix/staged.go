package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// Looking codes up in AVX2 takes shuffles, which share ports with
// multiply-adds, while the ports of memory have little to do. So staged
// stores the low and the high halves of floats apart, and lets loads two bytes off
// do the last unpacking. Of steps k and k+1 of K, a row has 32 bits in each line:
//
//	low     low half of k     low half of k+1
//	high    high half of k    high half of k+1
//
// The floats are made of 16-bit words by a blend of two loads:
//
//	k       word 0 of low, word 0 of high loaded from two bytes before
//	k+1     word 1 of low loaded from two bytes after, word 1 of high
//
// A load that spans two stores waits until they have left for the cache. So
// multiply-adds are stagesBehind steps of 8 along K behind decoding; the halves
// lie in a ring of stages on the stack.
const (
	stages       = 4
	stagesBehind = 2                 // stages/2, so that reading's offset is writing's with one bit flipped
	unitBytes    = 8 * tileBytes / 2 // of 8 rows
	ringBytes    = stages * 4 * unitBytes

	// How many bytes ahead staged fetches words and scales.
	stagedWords  = 2048
	stagedScales = 4 * tileBytes
)

// staged writes loop for 4-bit codes and one token: for two tiles; or for one tile, if
// codes are scaled and rounded before the sum, for which they must be untied. Then the
// scales of its rows and what rounds them fill the registers.
func (v *vectorBody) staged() {
	count := 2
	if v.first() {
		count = 1
	}
	local := AllocLocal(ringBytes + 64)
	Chunks("staged", "tiles", v.tiles, count, func(string) {
		stageBytes := uint32(count * Parts() * unitBytes)
		ring := GP64()
		LEAQ(local, ring)
		ADDQ(Imm(63), ring)
		ANDQ(I8(-64), ring)
		// A tile's scales are as many bytes as K is deep, its words 8 times as many.
		depth, lastWords, lastScales := Integer("k"), GP64(), GP64()
		LEAQ(Mem{Base: v.words, Index: depth, Scale: 8, Disp: -v.eightBytes()}, lastWords)
		LEAQ(Mem{Base: v.scales, Index: depth, Scale: 1, Disp: -tileBytes}, lastScales)
		v.atY = Lines(v.y, nil, 1)
		v.atX = Lines(Pointer("x"), nil, 1)
		v.atWord = []Mem{{Base: v.words}, {Base: v.words, Index: depth, Scale: 8}}[:count]
		v.atTop = Lines(v.scales, depth, count)
		nothing := NewZero()
		v.sums = make([][][]VecVirtual, count)
		for t := range v.sums {
			v.sums[t] = make([][]VecVirtual, Parts())
			for part := range v.sums[t] {
				v.sums[t][part] = make([]VecVirtual, 1)
				VMOVUPS(nothing, v.total(t, part, 0))
			}
		}
		var low Op = lowNibbles
		var round untiedRounding
		if v.first() {
			round = newUntiedRounding(v.Round)
		} else {
			held := YMM()
			VMOVDQU(lowNibbles, held)
			low = held
		}

		write, read := GP64(), GP64()
		XORQ(write, write)
		next := func() {
			v.fetchAhead(v.words, lastWords, stagedWords, depth, 8)
			ADDQ(I32(v.eightBytes()), v.words)
			// Behind the last step, the last again.
			CMPQ(v.words, lastWords)
			CMOVQHI(lastWords, v.words)
			ADDQ(U32(stageBytes), write)
			ANDQ(U32(stages*stageBytes-1), write)
		}
		Label("stagedfirst")
		Note("The first stages: decode 8 steps of K to the ring, low and high\nhalves of floats apart, at %s (ring) + %s.", ring, write)
		for _, emit := range v.decodeStage(ring, write, low) {
			emit()
		}
		next()
		CMPQ(write, U32(stagesBehind*stageBytes))
		JNE(LabelRef("stagedfirst"))

		Label("stagedblock")
		Note("A block of 64 steps of K.")
		for t := range v.sums {
			for part := range v.sums[t] {
				v.sums[t][part][0] = NewZero()
			}
		}
		v.noteSums()
		if v.first() {
			round.load(v.atTop[0])
		}
		steps := GP64()
		MOVQ(U32(blockK), steps)
		Label("stagedstep")
		Note("Decode 8 steps of K to the stage at %s, and in between multiply-add the 8 that\nlie %d stages behind, at %s, by x at %s: loads two bytes off join the halves.",
			write, stagesBehind, read, v.atX[0])
		MOVQ(write, read)
		XORQ(U32(stagesBehind*stageBytes), read)
		interleave(v.decodeStage(ring, write, low), v.addStage(ring, read, &round))
		next()
		Advance(v.atX, 8*4)
		SUBQ(Imm(8), steps)
		JNZ(LabelRef("stagedstep"))
		Note("The block's sums go to y.")
		v.join()
		v.fetchAhead(v.scales, lastScales, stagedScales, depth, 1)
		Advance(v.atTop, tileBytes)
		CMPQ(v.scales, lastScales)
		JLS(LabelRef("stagedblock"))

		ADDQ(U32(uint32(count*tileBytes)), v.y)
		if count == 1 {
			ADDQ(U32(uint32(v.eightBytes())), v.words)
			return
		}
		LEAQ(Mem{Base: lastWords, Index: depth, Scale: 8, Disp: v.eightBytes()}, v.words)
		ADDQ(depth, v.scales)
	})
}

// untiedRounding is what scales and rounds the weights of a tile of untied codes.
type untiedRounding struct {
	half, high VecVirtual
	scales     []VecVirtual // by part, of a block
}

func newUntiedRounding(r kinds.Rounding) untiedRounding {
	u := untiedRounding{half: YMM(), high: YMM()}
	VMOVDQU(untiedHalf[r], u.half)
	VMOVDQU(untiedHigh[r], u.high)
	return u
}

// load loads the scales of a block.
func (u *untiedRounding) load(scales Mem) {
	u.scales = nil
	for part := range Parts() {
		v := YMM()
		VMOVUPS(scales.Offset(part*VectorBytes()), v)
		u.scales = append(u.scales, v)
	}
}

// fetchAhead prefetches a line of each tile, ahead bytes after at. Of two tiles, which
// are scale·depth bytes long, the line is, if it would be past last, their last one or
// one of the two tiles that come next. Behind one tile the next follows at once.
func (v *vectorBody) fetchAhead(at, last Register, ahead int, depth Register, scale uint8) {
	if len(v.sums) == 1 {
		PREFETCHT0(Mem{Base: at, Disp: ahead})
		return
	}
	line, next := GP64(), GP64()
	LEAQ(Mem{Base: at, Disp: ahead}, line)
	LEAQ(Mem{Base: line, Index: depth, Scale: scale}, next)
	CMPQ(line, last)
	CMOVQHI(next, line)
	PREFETCHT0(Mem{Base: line})
	PREFETCHT0(Mem{Base: line, Index: depth, Scale: scale})
}

// decodeStage returns the instructions that decode 8 steps of K.
func (v *vectorBody) decodeStage(ring, stage Register, low Op) (emit []func()) {
	for t := range v.sums {
		for part := range Parts() {
			words, halves := v.atWord[t].Offset(part*v.partBytes()), unit(ring, stage, t, part)
			codes, index := YMM(), YMM()
			emit = append(emit,
				func() { VMOVDQU(words, codes) },
				func() { VPSHUFB(transposePairs, codes, codes) },
				func() { VPAND(low, codes, index) })
			emit = append(emit, v.book.halves(index, halves)...)
			emit = append(emit,
				// A shift by 4 off the ports of shuffles.
				func() { VPMULHUW(shiftNibble, codes, codes) },
				func() { VPAND(low, codes, codes) })
			emit = append(emit, v.book.halves(codes, halves.Offset(unitBytes/2))...)
		}
	}
	return emit
}

// unit returns the address of a part of a tile in a stage: for each two steps of K
// the low halves, then the high halves.
func unit(ring, stage Register, t, part int) Mem {
	return Mem{Base: ring, Index: stage, Scale: 1, Disp: (t*Parts() + part) * unitBytes}
}

// halves returns the instructions that store the halves of the floats of four
// steps of K, whose codes are the bytes of index.
func (c *codes) halves(index VecVirtual, m Mem) (emit []func()) {
	for half := range 2 {
		var a, b VecVirtual
		low := YMM()
		emit = append(emit,
			func() { a = c.lookUp(2*half, index) },
			func() { b = c.lookUp(2*half+1, index) },
			func() { VPUNPCKLBW(b, a, low) },
			func() { VMOVDQA(low, m.Offset(32*half)) },
			func() { VPUNPCKHBW(b, a, a) },
			func() { VMOVDQA(a, m.Offset(64+32*half)) })
	}
	return emit
}

// addStage returns the instructions that add 8 steps of K to the sums.
func (v *vectorBody) addStage(ring, stage Register, round *untiedRounding) (emit []func()) {
	for k := range 8 {
		x := YMM()
		emit = append(emit, func() { VBROADCASTSS(v.atX[0].Offset(4*k), x) })
		for t := range v.sums {
			for part, sums := range v.sums[t] {
				low := unit(ring, stage, t, part).Offset(k / 2 * 64)
				high, w := low.Offset(32), YMM()
				if k%2 == 0 {
					high = high.Offset(-2)
				} else {
					low = low.Offset(2)
				}
				emit = append(emit,
					func() { VMOVDQU(low, w) },
					func() { VPBLENDW(Imm(0xaa), high, w, w) })
				if v.first() {
					emit = append(emit,
						func() { VMULPS(round.scales[part], w, w) },
						func() { VPADDD(round.half, w, w) },
						func() { VPAND(round.high, w, w) })
				}
				emit = append(emit, func() { VFMADD231PS(w, x, sums[0]) })
			}
		}
	}
	return emit
}

// interleave emits the instructions of a and b, each in order, spread evenly.
func interleave(a, b []func()) {
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if (2*i+1)*len(b) <= (2*j+1)*len(a) {
			a[i]()
			i++
		} else {
			b[j]()
			j++
		}
	}
}
