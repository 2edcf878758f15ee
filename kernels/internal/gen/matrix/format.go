package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// format is a kind of packed weights.
type format struct {
	name   string
	eighth int  // words that 8 steps of K of a tile take
	step   int  // steps of K decoded at once
	block  int  // steps of K that share a scale or a partial sum
	last   bool // the scale comes after the sum
	first  bool // the scale comes before it
	coded  bool // looked up in a codebook

	// decode reads the words at m of step steps of K and returns what makes the
	// vector of each, called in order; scale is the rows' scales if first is set.
	decode func(m, scale Mem, book codes) decoder
}

// decoder makes the vector of weights of a step of K, a row each.
type decoder func(j int) VecVirtual

// partBytes is the distance between the parts of a step's words.
func (f *format) partBytes() int { return f.stepBytes() / Parts() }

// stepBytes is the bytes of a step of a tile.
func (f *format) stepBytes() int { return f.eighth * 4 / 8 * f.step }

func formats() []*format {
	four := format{eighth: 16, step: 8, block: blockK, coded: true}

	exact := four
	exact.name, exact.last = "4", true
	exact.decode = func(m, _ Mem, book codes) decoder { return book.nibbles(m) }

	bf16 := four
	bf16.name, bf16.first = "4BF16", true
	bf16.decode = func(m, scale Mem, book codes) decoder {
		next := book.nibbles(m)
		return func(j int) VecVirtual {
			v := next(j)
			VMULPS(scale, v, v)
			// To nearest, ties to even: add half, less one unit unless odd.
			t := NewVector()
			VPSRLD(Imm(16), v, t)
			if Wide() {
				// t is what is added, negated: ^(0x7ffe | t&1).
				VPTERNLOGD(Imm(ternaryNotAndOr), book.evenBias, book.odd, t)
				VPSUBD(t, v, v)
				VPANDD(book.high, v, v)
				return v
			}
			and(roundOdd, t, t)
			VPADDD(roundBias, v, v)
			VPADDD(t, v, v)
			and(roundHigh, v, v)
			return v
		}
	}

	f16 := four
	f16.name, f16.first = "4F16", true
	f16.decode = func(m, scale Mem, book codes) decoder {
		next := book.nibbles(m)
		return func(j int) VecVirtual {
			v := next(j)
			VMULPS(scale, v, v)
			if Wide() {
				h := YMM()
				VCVTPS2PH(Imm(0), v, h)
				VCVTPH2PS(h, v)
			} else {
				h := XMM()
				VCVTPS2PH(Imm(0), v, h)
				VCVTPH2PS(h, v)
			}
			return v
		}
	}

	return []*format{
		{name: "F32", eighth: 128, step: 1, block: blockK, decode: func(m, _ Mem, _ codes) decoder {
			return func(int) VecVirtual {
				v := NewVector()
				VMOVUPS(m, v)
				return v
			}
		}},
		{name: "BF16", eighth: 64, step: 2, block: blockK, decode: func(m, _ Mem, _ codes) decoder {
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
		}},
		{name: "F16", eighth: 64, step: 1, block: blockK, decode: func(m, _ Mem, _ codes) decoder {
			return func(int) VecVirtual {
				v := NewVector()
				VCVTPH2PS(m, v)
				return v
			}
		}},
		{name: "Int8", eighth: 32, step: 4, block: 32, last: true, decode: func(m, _ Mem, _ codes) decoder {
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
		}},
		&exact, &bf16, &f16,
	}
}

// ternaryNotAndOr is ^(a&b | c) of bits a of the destination, b and c.
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
	base     Register // of a Go lookup
	table    [4]VecVirtual
	resident int // tables held in registers
	// Wide: what to multiply by for a shift by 4, 8 or 12; and what rounds to
	// bfloat16.
	shift               [3]VecVirtual
	odd, evenBias, high VecVirtual
}

const planesAt = 64 // bytes into a Go lookup

// loadCodes prepares a codebook, as many of its tables as resident says held
// in registers.
func (f *format) loadCodes(resident int) codes {
	if !f.coded {
		return codes{}
	}
	c := codes{base: Integer("code"), resident: resident}
	if Wide() {
		c.table[0] = ZMM()
		Note("The codebook's 16 floats: %s.", c.table[0])
		VMOVUPS(Mem{Base: c.base}, c.table[0])
		for i := range c.shift {
			c.shift[i] = ZMM()
			VMOVDQU32(shifts[i], c.shift[i])
		}
		if f.name == "4BF16" {
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

// lookUp returns byte p of the floats of the codes in index.
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

// nibbles makes the vectors of 8 steps of K of the words at m.
func (c *codes) nibbles(m Mem) decoder {
	if Wide() {
		// The low four bits of a lane choose from 16 floats. Multiplications of
		// words shift them: the ports that shift are those that permute.
		words, upper := ZMM(), ZMM()
		VMOVDQU32(m, words)
		return func(j int) VecVirtual {
			if j == 2 {
				VPSRLD(Imm(16), words, upper)
			}
			index, v := words, ZMM()
			if j%4 >= 2 {
				index = upper
			}
			if shift := j%2*8 + j/4*4; shift > 0 {
				VPMULHUW(c.shift[shift/4-1], index, v)
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

// four makes the vectors of four steps of K, given their codes a byte each.
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
