package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// format is a kind of packed weights with the instructions that decode it.
type format struct {
	*kinds.Form
	step int // steps of K decoded at once

	// decode reads the words at m of step steps of K and returns what makes the
	// vector of each, called in order; top is the rows' scales where they come
	// before the sum, and their zeros, as zeroVectors made them, where there are some.
	decode func(m, top Mem, book codes) decoder
}

// first says that the scale comes before the sum, last that it comes after.
func (f *format) first() bool { return f.Scale == kinds.BeforeSum }
func (f *format) last() bool  { return f.Scale == kinds.AfterSum }

// eightBytes is the bytes of 8 steps of a tile.
func (f *format) eightBytes() int { return f.Words8() * 4 }

// decoder makes the vector of weights of step j of K, a row each.
type decoder func(j int) VecVirtual

// partBytes is the distance between the parts of a step's words.
func (f *format) partBytes() int { return f.stepBytes() / Parts() }

// stepBytes is the bytes of a step of a tile.
func (f *format) stepBytes() int { return f.eightBytes() / 8 * f.step }

// formats returns a format for each kind.
func formats() []*format {
	// plain ignores scales, and what makes a decoder of words, of codebooks too.
	plain := func(decode func(m Mem) decoder) func(m, scale Mem, book codes) decoder {
		return func(m, _ Mem, _ codes) decoder { return decode(m) }
	}
	coders := [kinds.Count]format{
		kinds.F32:  {step: 1, decode: plain(decodeF32)},
		kinds.BF16: {step: 2, decode: plain(decodeBF16)},
		kinds.F16:  {step: 1, decode: plain(decodeF16)},
		kinds.Int8: {step: 4, decode: plain(decodeInt8)},
	}
	all := make([]*format, len(coders))
	for k := range kinds.Count {
		f := &coders[k]
		f.Form = k.Form()
		switch {
		case f.Codebook:
			f.step, f.decode = 8, decodeCodes(f.Round)
		case f.Zeros:
			f.step, f.decode = 8, decodeU4
		}
		all[k] = f
	}
	return all
}

func decodeF32(m Mem) decoder {
	return func(int) VecVirtual {
		v := NewVector()
		VMOVUPS(m, v)
		return v
	}
}

// decodeBF16 splits words into their low halves and their high ones, which are
// floats but for the bits below.
func decodeBF16(m Mem) decoder {
	v := NewVector()
	VMOVUPS(m, v)
	return func(j int) VecVirtual {
		if j == 1 {
			and(roundHigh, v, v)
			return v
		}
		w := NewVector()
		VPSLLD(Imm(16), v, w)
		return w
	}
}

func decodeF16(m Mem) decoder {
	return func(int) VecVirtual {
		v := NewVector()
		VCVTPH2PS(m, v)
		return v
	}
}

// decodeInt8 moves each byte of a word to its top, and back with its sign.
func decodeInt8(m Mem) decoder {
	v := NewVector()
	VMOVUPS(m, v)
	return func(j int) VecVirtual {
		w := NewVector()
		if j < 3 {
			VPSLLD(Imm(uint64(24-8*j)), v, w)
			VPSRAD(Imm(24), w, w)
		} else {
			VPSRAD(Imm(24), v, w)
		}
		VCVTDQ2PS(w, w)
		return w
	}
}

// decodeCodes looks codes of 4 bits up, and where the kind rounds, multiplies
// them by their scales and rounds the products.
func decodeCodes(round kinds.Rounding) func(m, scale Mem, book codes) decoder {
	return func(m, scale Mem, book codes) decoder {
		next := book.nibbles(m)
		if round == kinds.Exact {
			return next
		}
		return func(j int) VecVirtual {
			v := next(j)
			VMULPS(scale, v, v)
			switch {
			case book.untied:
				VPADDD(untiedHalf[round], v, v)
				VPAND(untiedHigh[round], v, v)
			case round == kinds.ToBF16:
				roundBF16(v, book)
			default:
				roundF16(v)
			}
			return v
		}
	}
}

// roundBF16 rounds to nearest, ties to even: it adds half, less one unit unless
// the number is odd, and clears the bits below.
func roundBF16(v VecVirtual, book codes) {
	t := NewVector()
	VPSRLD(Imm(16), v, t)
	if Wide() {
		// t is what is added, negated: ^(0x7ffe | t&1).
		VPTERNLOGD(Imm(ternaryNotAndOr), book.evenBias, book.odd, t)
		VPSUBD(t, v, v)
		VPANDD(book.high, v, v)
		return
	}
	and(roundOdd, t, t)
	VPADDD(roundBias, v, v)
	VPADDD(t, v, v)
	and(roundHigh, v, v)
}

// roundF16 rounds by way of float16.
func roundF16(v VecVirtual) {
	h := XMM()
	if Wide() {
		h = YMM()
	}
	VCVTPS2PH(Imm(0), v, h)
	VCVTPH2PS(h, v)
}

// ternaryNotAndOr makes VPTERNLOGD compute ^(a&b | c), a being the destination, b
// and c the operands in the order of Intel's manual.
const ternaryNotAndOr = 0x15

func and(m Mem, v, dst VecVirtual) {
	if Wide() {
		VPANDD(m, v, dst)
	} else {
		VPAND(m, v, dst)
	}
}

// codes is a codebook ready to be looked up: in AVX-512 as its floats, in AVX2
// as four tables of their bytes.
type codes struct {
	base     Register // the address of the Go array, of type lookup
	table    [4]VecVirtual
	resident int  // the number of tables that are held in registers
	untied   bool // adding half a unit and dropping the bits below rounds scaled values

	// AVX-512 only: the constants that round to bfloat16.
	odd, evenBias, high VecVirtual

	u4 u4Codes // of kinds with zeros
}

const planesAt = 64 // the bytes of lookup before the tables of bytes

// loadCodes loads a codebook, and in AVX2 the first resident tables of it.
func (f *format) loadCodes(resident int) codes {
	if f.Zeros {
		return codes{u4: loadU4()}
	}
	if !f.Codebook {
		return codes{}
	}
	c := codes{base: Integer("code"), resident: resident}
	if Wide() {
		c.table[0] = ZMM()
		Note("The codebook's 16 floats: %s.", c.table[0])
		VMOVUPS(Mem{Base: c.base}, c.table[0])
		if f.Round == kinds.ToBF16 {
			c.odd, c.evenBias, c.high = ZMM(), ZMM(), ZMM()
			VMOVDQU32(roundOdd, c.odd)
			VMOVDQU32(roundEvenBias, c.evenBias)
			VMOVDQU32(roundHigh, c.high)
		}
		return c
	}
	Note("Bytes 0, 1, … of the codebook's floats, %d of 4 in registers, twice 16 each.", resident)
	for p := range resident {
		c.table[p] = YMM()
		VBROADCASTI128(c.plane(p), c.table[p])
	}
	return c
}

func (c *codes) plane(p int) Mem { return Mem{Base: c.base, Disp: planesAt + 16*p} }

// lookUp returns byte p of the floats that the codes in the bytes of index stand
// for.
func (c *codes) lookUp(p int, index VecVirtual) VecVirtual {
	v := YMM()
	if p < c.resident {
		VPSHUFB(index, c.table[p], v)
		return v
	}
	VBROADCASTI128(c.plane(p), v)
	VPSHUFB(index, v, v)
	return v
}

// nibbles decodes the words at m, 8 steps of K each.
func (c *codes) nibbles(m Mem) decoder {
	if Wide() {
		// The low four bits of a lane choose from 16 floats.
		words := ZMM()
		VMOVDQU32(m, words)
		return func(j int) VecVirtual {
			index, v := words, ZMM()
			if shift := j%4*8 + j/4*4; shift > 0 {
				VPSRLD(Imm(uint64(shift)), words, v)
				index = v
			}
			VPERMPS(c.table[0], index, v)
			return v
		}
	}
	v, low := YMM(), YMM()
	Note("%s: 8 codes of 8 rows, then by step of K, four rows together; low nibbles are steps 0 to 3.", v)
	VMOVDQU(m, v)
	VPSHUFB(transpose, v, v)
	VPAND(lowNibbles, v, low)
	var next decoder
	return func(j int) VecVirtual {
		switch j {
		case 0:
			next = c.four(low)
		case 4:
			Note("High nibbles are steps 4 to 7.")
			VPSRLW(Imm(4), v, v)
			VPAND(lowNibbles, v, v)
			next = c.four(v)
		}
		return next(j % 4)
	}
}

// four decodes four steps of K, whose codes are the bytes of index.
func (c *codes) four(index VecVirtual) decoder {
	pair := func(p int) (low, high VecVirtual) {
		a, b := c.lookUp(p, index), c.lookUp(p+1, index)
		low = YMM()
		VPUNPCKLBW(b, a, low)
		VPUNPCKHBW(b, a, a)
		return low, a
	}
	Note("Look the codes in %s up byte by byte, and unpack the bytes to floats.", index)
	low01, high01 := pair(0)
	low23, high23 := pair(2)
	return func(j int) VecVirtual {
		w := [2]VecVirtual{low01, low23}
		if j >= 2 {
			w = [2]VecVirtual{high01, high23}
		}
		if j%2 == 1 {
			VPUNPCKHWD(w[1], w[0], w[0])
			return w[0]
		}
		v := YMM()
		VPUNPCKLWD(w[1], w[0], v)
		return v
	}
}
