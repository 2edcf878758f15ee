package asm

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Lines returns the addresses of n lines that lie step bytes apart, the first at
// base. x86 adds an index once or twice, so that each three lines need a register:
//
//	base   base + step   base + 2·step   next   next + step   …     next = base + 3·step
func Lines(base, step Register, n int) []Mem {
	var m []Mem
	for {
		m = append(m, Mem{Base: base}, Mem{Base: base, Index: step, Scale: 1}, Mem{Base: base, Index: step, Scale: 2})
		if len(m) >= n {
			return m[:n]
		}
		next := GP64()
		LEAQ(Mem{Base: base, Index: step, Scale: 2}, next)
		ADDQ(step, next)
		base = next
	}
}

// Advance moves the addresses that Lines returned by some bytes.
func Advance(m []Mem, by int) {
	for i := 0; i < len(m); i += 3 {
		ADDQ(I32(by), m[i].Base)
	}
}
