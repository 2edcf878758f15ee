package matrix

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// u4FastVectors writes fastOps.fastVector of kinds with zeros. prepare loads constants
// and returns what writes the products of a line of words at m with codes of x.
func u4FastVectors(prepare func() func(v *fastBody, m Mem, at func(c, k int) Mem, sums []VecVirtual)) {
	for _, kind := range []kinds.Kind{kinds.U4, kinds.U4x32} {
		f := kind.Form()
		DeclareArgs("fastVector"+f.Name, 0, "fastVectorArgs", fmt.Sprintf("fastVectorU4Go(%d).", f.Block),
			fastVectorFormula(f.Block, "\nA weight w is code - zero; sums begin at -zero·Σx."))
		const vectors = 2 // zeros and scales
		local := AllocLocal(frameBytes(limits.fastVectorTokens, vectors, limits.fastVectorTiles))
		Cases("n", "tokens", limits.fastVectorTokens, func(n int) {
			v := &fastBody{n: n, block: f.Block, step: 8, frame: newFrame(local, vectors), words16: !Wide()}
			line := prepare()
			v.line = func(m Mem, at func(c, k int) Mem, sums []VecVirtual) { line(v, m, at, sums) }
			v.loops()
		})
	}
}

// u4FastExpand writes fastOps.fastExpand of kinds with zeros, raised by the bytes of
// raise; split returns the low and the high nibbles of the words at m.
func u4FastExpand(doc, byHow string, raise Mem, split func(m Mem) (low, high VecVirtual)) {
	Begin("fastExpandU4", "func(panel []uint32, words []uint32, code *[16]int8)", "fastExpandU4Go, plus "+doc+".",
		fmt.Sprintf(fastExpandFormula, "nibble k - code[r] + "+byHow))
	zeros, add := Integer("code"), make([]VecVirtual, Parts())
	for part := range add {
		z, t := NewVector(), NewVector()
		VPMOVZXBD(Mem{Base: zeros, Disp: part * Lanes()}, z)
		for _, shift := range []uint64{8, 16} { // to all bytes of a word
			VPSLLD(Imm(shift), z, t)
			VPADDB(t, z, z)
		}
		VMOVUPS(raise, t)
		VPSUBB(z, t, t)
		add[part] = t
	}
	expandCodes(4, 2, func(words, panel Mem) {
		low, high := split(words)
		part := words.Disp / VectorBytes()
		for half, v := range []VecVirtual{low, high} {
			VPADDB(add[part], v, v)
			VMOVUPS(v, panel.Offset(half*tileBytes))
		}
	})
}

// inWords adds the products of some lines to sums of 16 bits, and these to the sums,
// [part of a tile][token]. part adds a part of a line.
func (v *fastBody) inWords(lines int, sums [][]VecVirtual, part func(line, i int, sums []VecVirtual)) {
	words := make([][]VecVirtual, len(sums))
	begin := func(i int) {
		for range v.n {
			words[i] = append(words[i], NewZero())
		}
	}
	end := func(i int) {
		for c, sum := range words[i] {
			VPMADDWD(wordOnes, sum, sum)
			VPADDD(sum, sums[i][c], sums[i][c])
		}
	}
	if v.n > 1 { // registers are scarce: a part after the other
		for i := range sums {
			begin(i)
			for line := range lines {
				part(line, i, words[i])
			}
			end(i)
		}
		return
	}
	for i := range sums {
		begin(i)
	}
	for line := range lines {
		v.shared = map[[2]int]VecVirtual{}
		for i := range sums {
			part(line, i, words[i])
		}
	}
	for i := range sums {
		end(i)
	}
}
