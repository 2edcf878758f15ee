package matrix

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// Codes of kinds with zeros become floats without a table. A word of 8 codes is cut
// into halves of four, and above each half go the bits 0x4f00, which have all the bits
// of four exponents:
//
//	half         0x4f00dcba     codes a, b, c, d
//	& 0x4b00000f = 0x4b00000a   the float 2^23 + a: its unit is 1
//	& 0x490000f0 = 0x490000b0   the float 2^19 + b: its unit is 1/16
//
// and likewise 2^15 + c and 2^11 + d. So a code takes one AND, and its zero, as 2^23 +
// zero and so on, one subtraction, which is exact.
var (
	u4Above Mem    // 0x4f000000
	u4Masks [4]Mem // of code 0, 1, 2, 3 of a half
	u4Bases [4]Mem // 2^23, 2^19, 2^15, 2^11
)

// u4Constants writes the constants of kinds with zeros.
func u4Constants() {
	u4Above = Repeated("u4Above", 0x4f000000)
	for p := range u4Masks {
		base := math.Float32bits(float32(math.Ldexp(1, 23-4*p)))
		u4Masks[p] = Repeated(fmt.Sprintf("u4Mask%d", p), base|15<<(4*p))
		u4Bases[p] = Repeated(fmt.Sprintf("u4Base%d", p), base)
	}
}

// u4Codes are the constants that decoding has in registers.
type u4Codes struct {
	above VecVirtual
	masks [4]Op
	low   Register // AVX-512: chooses the low halves of words
}

func loadU4() u4Codes {
	c := u4Codes{above: NewVector()}
	VMOVUPS(u4Above, c.above)
	for p, m := range u4Masks {
		mask := NewVector()
		VMOVUPS(m, mask)
		c.masks[p] = mask
	}
	if Wide() {
		bits := GP32()
		low := K()
		MOVL(U32(0x55555555), bits)
		KMOVD(bits, low)
		c.low = low
	}
	return c
}

// decodeU4 decodes the words at m, 8 steps of K each; zeros are where zeroVectors
// stored them.
func decodeU4(m, zeros Mem, book codes) decoder {
	low, high := book.u4.halves(m)
	return func(j int) VecVirtual {
		return book.u4.code(j, low, high, func(p int) Op { return zeros.Offset(p * VectorBytes()) })
	}
}

// halves returns the halves of the words at m, with the bits of exponents above.
func (c *u4Codes) halves(m Mem) (low, high VecVirtual) {
	low, high = NewVector(), NewVector()
	if Wide() {
		VPBLENDMW(m, c.above, c.low, low)
		VPSRLD(Imm(16), m, high)
		VPORD(c.above, high, high)
		return low, high
	}
	VPBLENDW(Imm(0x55), m, c.above, low)
	VMOVDQU(m, high)
	VPSRLD(Imm(16), high, high)
	VPOR(c.above, high, high)
	return low, high
}

// code makes the weights of step j of 8: nibbles 0, 2, 4, 6 of a word are steps 0 to 3,
// and nibbles 1, 3, 5, 7 steps 4 to 7. zero returns a vector of zeros.
func (c *u4Codes) code(j int, low, high VecVirtual, zero func(p int) Op) VecVirtual {
	half, p, v := low, j%2*2+j/4, NewVector()
	if j%4 >= 2 {
		half = high
	}
	if Wide() {
		VPANDD(c.masks[p], half, v)
	} else {
		VPAND(c.masks[p], half, v)
	}
	VSUBPS(zero(p), v, v)
	return v
}

// u4Frame is what a kernel keeps of the groups that are open, in memory of its own: for
// each part of a tile some vectors, the last of them the scales.
type u4Frame struct {
	base    Register
	vectors int // of a part
}

// frameBytes is the memory of a frame, its counter included, for as many tiles as a
// kernel takes at once of most tokens at most.
func frameBytes(most, vectors int, tiles func(n int) []int) int {
	count := 0
	for n := 1; n <= most; n++ {
		count = max(count, tiles(n)[0])
	}
	return count*Parts()*vectors*VectorBytes() + 128
}

// newFrame aligns a frame in local memory.
func newFrame(local Mem, vectors int) *u4Frame {
	f := &u4Frame{base: GP64(), vectors: vectors}
	LEAQ(local, f.base)
	ADDQ(Imm(127), f.base)
	ANDQ(I8(-64), f.base)
	return f
}

// counter is the steps of K that are left of the open groups.
func (f *u4Frame) counter() Mem { return Mem{Base: f.base, Disp: -8} }

// part returns the address of the vectors of a part of a tile.
func (f *u4Frame) part(t, part int) Mem {
	return Mem{Base: f.base, Disp: (t*Parts() + part) * f.vectors * VectorBytes()}
}

// scale returns the address of the scales of a part of a tile.
func (f *u4Frame) scale(t, part int) Mem {
	return f.part(t, part).Offset((f.vectors - 1) * VectorBytes())
}

// open opens the next groups of count tiles if the ones before are used up, and takes
// a block of K of them. zeros stores what a kernel needs of zeros, as integers.
func (f *u4Frame) open(name string, groups Register, count, block int, zeros func(z VecVirtual, to Mem)) {
	CMPQ(f.counter(), Imm(0))
	JNE(LabelRef(name + "opened"))
	Note("The next group of each tile (%s on): zeros and scales go to %s on.", groups, f.base)
	step, size := FloatBytes("tileGroups"), Integer("group")
	MOVQ(size, f.counter())
	at := Lines(groups, step, count)
	for t := range count {
		PREFETCHT0(at[t].Offset(groupAhead))
		for part := range Parts() {
			z := NewVector()
			VPMOVZXBD(at[t].Offset(part*Lanes()), z)
			zeros(z, f.part(t, part))
		}
	}
	eachScale(name, func(load func(m Mem, part int) VecVirtual, bytes int) {
		for t := range count {
			for part := range Parts() {
				VMOVUPS(load(at[t].Offset(groupZeros), part), f.scale(t, part))
			}
		}
		ADDQ(I32(bytes), groups)
	})
	Label(name + "opened")
	SUBQ(Imm(uint64(block)), f.counter())
}

// groupAhead is the distance in bytes at which groups are fetched ahead.
const groupAhead = 4 * 48

// The constants of these names in package kernels.
var (
	groupZeros = Size("groupZeros")
	scaleBF16  = Size("scaleBF16")
	scaleF16   = Size("scaleF16")
)

// eachScale branches to a copy of body for each format that the parameter scale may
// name. load makes a part of the 16 scales at m; bytes are those of a group.
func eachScale(name string, body func(load func(m Mem, part int) VecVirtual, bytes int)) {
	format := Integer("scale")
	CMPQ(format, Imm(uint64(scaleF16)))
	JE(LabelRef(name + "f16"))
	CMPQ(format, Imm(uint64(scaleBF16)))
	JE(LabelRef(name + "bf16"))
	body(func(m Mem, part int) VecVirtual {
		v := NewVector()
		VMOVUPS(m.Offset(part*VectorBytes()), v)
		return v
	}, groupZeros+4*tileRows)
	JMP(LabelRef(name + "scaled"))
	Label(name + "bf16")
	body(func(m Mem, part int) VecVirtual {
		v := NewVector()
		VPMOVZXWD(m.Offset(part*VectorBytes()/2), v)
		VPSLLD(Imm(16), v, v)
		return v
	}, groupZeros+2*tileRows)
	JMP(LabelRef(name + "scaled"))
	Label(name + "f16")
	body(func(m Mem, part int) VecVirtual {
		v := NewVector()
		VCVTPH2PS(m.Offset(part*VectorBytes()/2), v)
		return v
	}, groupZeros+2*tileRows)
	Label(name + "scaled")
}

// zeroVectors stores the vectors that codes' zeros are subtracted as.
func zeroVectors(z VecVirtual, to Mem) {
	VCVTDQ2PS(z, z)
	for p, base := range u4Bases {
		v := NewVector()
		VADDPS(base, z, v)
		VMOVUPS(v, to.Offset(p*VectorBytes()))
	}
}

// u4Vectors is the vectors of a frame that zeroVectors and the scales take.
const u4Vectors = 5

// groupKernel writes matrixOps.group.
func groupKernel() {
	BeginArgs("group", "groupArgs", "groupGo.",
		"for each tile t, row r < 16, of the group that begins t·tileGroups words on:\n"+
			"\tzeros[t·16 + r] = the zero, of a byte; scales[t·16 + r] = the scale")
	zeros, scales, words := Pointer("zeros"), Pointer("scales"), Pointer("words")
	step, tiles := FloatBytes("tileGroups"), Integer("tiles")
	Label("tile")
	Note("A tile; %s are left.", tiles)
	for part := range Parts() {
		z := NewVector()
		VPMOVZXBD(Mem{Base: words, Disp: part * Lanes()}, z)
		VCVTDQ2PS(z, z)
		VMOVUPS(z, Mem{Base: zeros, Disp: part * VectorBytes()})
	}
	eachScale("tile", func(load func(m Mem, part int) VecVirtual, _ int) {
		for part := range Parts() {
			VMOVUPS(load(Mem{Base: words, Disp: groupZeros}, part), Mem{Base: scales, Disp: part * VectorBytes()})
		}
	})
	ADDQ(I32(tileBytes), zeros)
	ADDQ(I32(tileBytes), scales)
	ADDQ(step, words)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	End()
}
