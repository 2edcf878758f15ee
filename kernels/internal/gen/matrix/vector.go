package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// vectorKernel writes matrixOps.vector of one format: it takes some tiles at once,
// block by block along K, with the partial sums of all tokens in registers and the
// totals in y.
func vectorKernel(f *format) {
	staged, attributes := f.Codebook && !Wide(), NOSPLIT
	if staged || f.Zeros {
		attributes = 0
	}
	DeclareArgs("vector"+f.Name, attributes, "vectorArgs",
		"vectorGo of kinds."+f.goName()+".", f.vectorFormula())
	var local Mem
	if f.Zeros {
		local = AllocLocal(frameBytes(limits.vectorTokens, u4Vectors, f.vectorTiles))
	}
	Cases("n", "tokens", limits.vectorTokens, func(n int) {
		v := &vectorBody{format: f, n: n}
		v.y, v.words = Pointer("y"), Pointer("words")
		if n > 1 {
			v.yStride, v.xStride = FloatBytes("yStride"), FloatBytes("xStride")
		}
		v.tiles = Integer("tiles")
		switch {
		case f.Zeros:
			v.groups, v.frame = Pointer("groups"), newFrame(local, u4Vectors)
		case f.Scaled():
			v.scales = Pointer("scales")
		}
		v.book = f.loadCodes(f.resident(n))
		if !staged || f.last() {
			v.loops(staged)
			return
		}
		tied := fmt.Sprintf("tied%d", n)
		untied := Integer("untied")
		TESTQ(untied, untied)
		JZ(LabelRef(tied))
		v.book.untied = true
		v.loops(true)
		End()
		Label(tied)
		Note("Products that may be ties.")
		v.book.untied = false
		v.loops(false)
	})
}

// loops writes the loops over tiles, of which staged is one for a single token.
func (v *vectorBody) loops(staged bool) {
	if staged && v.n == 1 {
		v.staged()
		if v.last() {
			v.loop(1) // what two at a time leave
		}
		return
	}
	for _, count := range v.vectorTiles(v.n) {
		v.loop(count)
	}
}

// vectorTiles returns how many tiles the kernel takes at once for n tokens. In AVX2
// codes with zeros need three to hide the latency of multiply-adds, and have the
// registers for that.
func (f *format) vectorTiles(n int) []int {
	if f.Zeros && !Wide() && n == 1 {
		return []int{3, 1}
	}
	return limits.vectorTiles(n)
}

// resident is the number of tables of a codebook that fit in registers beside the
// sums of n tokens, and beside what staged scales and rounds with.
func (f *format) resident(n int) int {
	if n == 3 || n == 1 && f.first() {
		return 3
	}
	return 4
}

type vectorBody struct {
	*format
	n                int
	y, words, scales Register
	yStride, xStride Register
	tiles            Register
	// The distances from a tile to the next, in bytes.
	tileWords, tileScales Register

	book          codes
	rounded       *roundTables     // makes weights by tables of rounded ones
	groups        Register         // of kinds with zeros, in place of scales
	frame         *u4Frame         // has the open groups
	sums          [][][]VecVirtual // [tile][part][token]
	atY, atX      []Mem            // addresses, by token
	atWord, atTop []Mem            // addresses of words and scales, by tile
}

// loop writes the loop that takes count tiles at a time while there are as many.
func (v *vectorBody) loop(count int) {
	name := fmt.Sprintf("n%dt%d", v.n, count)
	if v.book.untied {
		name += "untied"
	}
	Chunks(name, "tiles", v.tiles, count, func(name string) {
		left := v.begin(count)
		Label(name + "block")
		Note("A block of K; %s steps of K are left.", left)
		if v.frame != nil {
			v.frame.open(name, v.groups, count, v.Block, zeroVectors)
		}
		v.zeroSums()
		v.noteSums()
		if v.rounded != nil {
			v.rounded.held = nil
			for t := range count {
				v.rounded.build(t, v.atTop[t])
			}
		}
		steps := GP64()
		MOVQ(U32(uint32(v.Block)), steps)
		CMPQ(left, steps)
		CMOVQLT(left, steps)
		SUBQ(steps, left)
		Label(name + "step")
		Note("8 steps of K, of %s in the block: words at %s on, x at %s on.", steps, v.atWord[0], v.atX[0])
		v.prefetchWords(count, Mem{Base: left, Index: steps, Scale: 1, Disp: -8})
		v.eight()
		Advance(v.atWord, v.eightBytes())
		Advance(v.atX, 8*4)
		SUBQ(Imm(8), steps)
		JNZ(LabelRef(name + "step"))
		Note("The block's sums go to y.")
		v.join()
		if v.scales != nil {
			prefetch(ahead(v.scales, v.tileScales, count, aheadBlocks*tileBytes, left, aheadBlocks*v.Block), tileBytes)
			Advance(v.atTop, tileBytes)
		}
		TESTQ(left, left)
		JNZ(LabelRef(name + "block"))

		Note("The words and scales of the first tile are behind: skip the others'.")
		ADDQ(I32(count*tileBytes), v.y)
		for range count - 1 {
			ADDQ(v.tileWords, v.words)
			if v.scales != nil {
				ADDQ(v.tileScales, v.scales)
			}
		}
		if v.groups != nil && count > 1 {
			others := FloatBytes("tileGroups")
			IMUL3Q(Imm(uint64(count-1)), others, others)
			ADDQ(others, v.groups)
		}
	})
}

// begin makes the addresses of count tiles, zeroes their totals in y, and returns
// the number of steps of K.
func (v *vectorBody) begin(count int) (left Register) {
	left, v.tileWords, v.tileScales = Integer("k"), GP64(), GP64()
	IMUL3Q(Imm(uint64(v.eightBytes()/8)), left, v.tileWords)
	v.atY = Lines(v.y, v.yStride, v.n)
	v.atX = Lines(Pointer("x"), v.xStride, v.n)
	v.atWord = Lines(v.words, v.tileWords, count)
	if v.scales != nil {
		MOVQ(left, v.tileScales)
		SHRQ(Imm(map[int]uint64{32: 5, 64: 6}[v.Block]), v.tileScales)
		SHLQ(Imm(6), v.tileScales)
		v.atTop = Lines(v.scales, v.tileScales, count)
	}
	if v.frame != nil {
		MOVQ(I32(0), v.frame.counter())
	}
	v.sums = make([][][]VecVirtual, count)
	nothing := NewZero()
	for t := range v.sums {
		v.sums[t] = make([][]VecVirtual, Parts())
		for part := range v.sums[t] {
			v.sums[t][part] = make([]VecVirtual, v.n)
			for c := range v.n {
				VMOVUPS(nothing, v.total(t, part, c))
			}
		}
	}
	return left
}

// zeroSums begins the sums of a block.
func (v *vectorBody) zeroSums() {
	for t := range v.sums {
		for part := range v.sums[t] {
			for c := range v.n {
				v.sums[t][part][c] = NewZero()
			}
		}
	}
}

// prefetchWords prefetches the words of count tiles; rest is the number of steps
// of K that are left after the next 8.
func (v *vectorBody) prefetchWords(count int, rest Mem) {
	stepBytes, far := v.eightBytes(), aheadBytes
	if v.Name == "F32" {
		far /= 2 // one step, faster than two
	}
	Note("Fetch the words %d bytes on, or the next tiles'.", far)
	prefetch(ahead(v.words, v.tileWords, count, far, rest, 8*far/stepBytes), stepBytes)
}

// noteSums writes which registers hold the sums.
func (v *vectorBody) noteSums() {
	for t := range v.sums {
		for part, sums := range v.sums[t] {
			Note("Sums of tile %d, rows %d to %d, a token each: %s.", t, part*Lanes(), (part+1)*Lanes()-1, sums)
		}
	}
}

// total returns the address of y of a token for a part of a tile.
func (v *vectorBody) total(t, part, c int) Mem {
	return v.atY[c].Offset(t*tileBytes + part*VectorBytes())
}

// eight adds 8 steps of K to the sums.
func (v *vectorBody) eight() {
	if v.rounded != nil {
		v.rounded.eight(v)
		return
	}
	for from := 0; from < 8; from += v.step {
		var pieces []piece
		for t := range v.sums {
			for part, sums := range v.sums[t] {
				p := piece{words: v.atWord[t].Offset(from/v.step*v.stepBytes() + part*v.partBytes()), sums: sums}
				switch {
				case v.frame != nil:
					p.top = v.frame.part(t, part)
				case v.first():
					p.top = v.atTop[t].Offset(part * VectorBytes())
				}
				pieces = append(pieces, p)
			}
		}
		if Wide() || v.step == 1 {
			v.add(from, pieces)
			continue
		}
		// Registers hold the words of one at a time.
		for i := range pieces {
			v.add(from, pieces[i:i+1])
		}
	}
}

// piece is the words of a step of K of a part of a tile, its scales or zeros, and its
// sums by token.
type piece struct {
	words, top Mem
	sums       []VecVirtual
}

// add adds the steps of K that are decoded at once to the sums: step by step, piece
// by piece.
func (v *vectorBody) add(from int, pieces []piece) {
	next := make([]decoder, len(pieces))
	if v.step > 1 {
		Note("Steps %d to %d: the words at %s on, decoded and multiplied.", from, from+v.step-1, pieces[0].words)
	}
	for j := range v.step {
		// A broadcast of x serves all pieces.
		var x []VecVirtual
		if len(pieces) > 1 || v.step == 1 {
			for c := range v.n {
				x = append(x, NewVector())
				VBROADCASTSS(v.atX[c].Offset(4*(from+j)), x[c])
			}
		}
		for i, p := range pieces {
			if v.Name == "F32" && v.n == 1 {
				VFMADD231PS(p.words, x[0], p.sums[0])
				continue
			}
			if j == 0 {
				next[i] = v.decode(p.words, p.top, v.book)
			}
			w := next[i](j)
			for c, sum := range p.sums {
				if x != nil {
					VFMADD231PS(w, x[c], sum)
				} else {
					multiplyAdd(v.atX[c].Offset(4*(from+j)), w, sum)
				}
			}
		}
	}
}

// multiplyAdd adds w times the number at m to sum.
func multiplyAdd(m Mem, w, sum VecVirtual) {
	if Wide() {
		VFMADD231PS_BCST(m, w, sum)
		return
	}
	x := NewVector()
	VBROADCASTSS(m, x)
	VFMADD231PS(w, x, sum)
}

// join adds the sums of a block to y, scaled where the scale comes after the sum.
func (v *vectorBody) join() {
	for t := range v.sums {
		for part := range v.sums[t] {
			for c, sum := range v.sums[t][part] {
				y := v.total(t, part, c)
				if v.last() {
					acc := NewVector()
					VMOVUPS(y, acc)
					VFMADD231PS(v.scale(t, part), sum, acc)
					VMOVUPS(acc, y)
				} else {
					VADDPS(y, sum, sum)
					VMOVUPS(sum, y)
				}
			}
		}
	}
}

// scale returns the address of the scales of a block of a part of a tile.
func (v *vectorBody) scale(t, part int) Mem {
	if v.frame != nil {
		return v.frame.scale(t, part)
	}
	return v.atTop[t].Offset(part * VectorBytes())
}
