package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
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

	// decode calls emit with the vectors of step steps of K, in order, from
	// the words at m; scale is the rows' scales if first is set.
	decode func(m, scale Mem, book codes, emit func(j int, v VecVirtual))
}

// partBytes is the distance between the parts of a step's words.
func (f *format) partBytes() int { return f.stepBytes() / isa.parts }

// stepBytes is the bytes of a step of a tile.
func (f *format) stepBytes() int { return f.eighth * 4 / 8 * f.step }

func formats() []*format {
	four := format{eighth: 16, step: 8, block: blockK, coded: true}

	exact := four
	exact.name, exact.last = "4", true
	exact.decode = func(m, _ Mem, book codes, emit func(int, VecVirtual)) { book.nibbles(m, emit) }

	bf16 := four
	bf16.name, bf16.first = "4BF16", true
	bf16.decode = func(m, scale Mem, book codes, emit func(int, VecVirtual)) {
		book.nibbles(m, func(j int, v VecVirtual) {
			VMULPS(scale, v, v)
			// To nearest, ties to even: add half, less one unit unless odd.
			t := isa.vector()
			VPSRLD(Imm(16), v, t)
			and(roundOdd, t, t)
			VPADDD(roundBias, v, v)
			VPADDD(t, v, v)
			and(roundHigh, v, v)
			emit(j, v)
		})
	}

	f16 := four
	f16.name, f16.first = "4F16", true
	f16.decode = func(m, scale Mem, book codes, emit func(int, VecVirtual)) {
		book.nibbles(m, func(j int, v VecVirtual) {
			VMULPS(scale, v, v)
			if isa.wide {
				h := YMM()
				VCVTPS2PH(Imm(0), v, h)
				VCVTPH2PS(h, v)
			} else {
				h := XMM()
				VCVTPS2PH(Imm(0), v, h)
				VCVTPH2PS(h, v)
			}
			emit(j, v)
		})
	}

	return []*format{
		{name: "F32", eighth: 128, step: 1, block: blockK, decode: func(m, _ Mem, _ codes, emit func(int, VecVirtual)) {
			v := isa.vector()
			VMOVUPS(m, v)
			emit(0, v)
		}},
		{name: "BF16", eighth: 64, step: 2, block: blockK, decode: func(m, _ Mem, _ codes, emit func(int, VecVirtual)) {
			v, w := isa.vector(), isa.vector()
			VMOVUPS(m, v)
			VPSLLD(Imm(16), v, w)
			emit(0, w)
			and(roundHigh, v, v)
			emit(1, v)
		}},
		{name: "F16", eighth: 64, step: 1, block: blockK, decode: func(m, _ Mem, _ codes, emit func(int, VecVirtual)) {
			v := isa.vector()
			VCVTPH2PS(m, v)
			emit(0, v)
		}},
		{name: "Int8", eighth: 32, step: 4, block: 32, last: true, decode: func(m, _ Mem, _ codes, emit func(int, VecVirtual)) {
			v := isa.vector()
			VMOVUPS(m, v)
			for j := range 4 {
				w := isa.vector()
				if j < 3 {
					VPSLLD(Imm(uint64(24-8*j)), v, w)
					VPSRAD(Imm(24), w, w)
				} else {
					VPSRAD(Imm(24), v, w)
				}
				VCVTDQ2PS(w, w)
				emit(j, w)
			}
		}},
		&exact, &bf16, &f16,
	}
}

func and(m Mem, v, dst VecVirtual) {
	if isa.wide {
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
}

const planesAt = 64 // bytes into a Go lookup

// loadCodes prepares a codebook, as many of its tables as resident says held
// in registers.
func (f *format) loadCodes(resident int) codes {
	if !f.coded {
		return codes{}
	}
	c := codes{base: integer("code"), resident: resident}
	if isa.wide {
		c.table[0] = ZMM()
		VMOVUPS(Mem{Base: c.base}, c.table[0])
		return c
	}
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

// nibbles emits the vectors of 8 steps of K of the words at m, a row each.
func (c *codes) nibbles(m Mem, emit func(j int, v VecVirtual)) {
	if isa.wide {
		// The low four bits of a lane choose from 16 floats.
		words := ZMM()
		VMOVDQU32(m, words)
		for j := range 8 {
			index, v := words, ZMM()
			if shift := uint64(j%4*8 + j/4*4); shift > 0 {
				index = v
				VPSRLD(Imm(shift), words, v)
			}
			VPERMPS(c.table[0], index, v)
			emit(j, v)
		}
		return
	}
	v, low := YMM(), YMM()
	VMOVDQU(m, v)
	VPSHUFB(transpose, v, v) // order the bytes of four rows by step of K
	VPAND(lowNibbles, v, low)
	c.four(low, 0, emit)
	VPSRLW(Imm(4), v, v)
	VPAND(lowNibbles, v, v)
	c.four(v, 4, emit)
}

// four emits the vectors of four steps of K, given their codes a byte each.
func (c *codes) four(index VecVirtual, from int, emit func(j int, v VecVirtual)) {
	pair := func(p int) (low, high VecVirtual) {
		a, b := c.lookUp(p, index), c.lookUp(p+1, index)
		low = YMM()
		VPUNPCKLBW(b, a, low)
		VPUNPCKHBW(b, a, a)
		return low, a
	}
	low01, high01 := pair(0)
	low23, high23 := pair(2)
	for i, w := range [][2]VecVirtual{{low01, low23}, {high01, high23}} {
		v := YMM()
		VPUNPCKLWD(w[1], w[0], v)
		emit(from+2*i, v)
		VPUNPCKHWD(w[1], w[0], w[0])
		emit(from+2*i+1, w[0])
	}
}
