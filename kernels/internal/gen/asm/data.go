package asm

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// data holds the tables of the file by name: each is written once.
var data = map[string]Mem{}

// Table returns the address of numbers of 32 bits. Its symbol is name with the
// target's suffix.
func Table(name string, numbers ...uint32) Mem {
	if m, ok := data[name]; ok {
		return m
	}
	m := GLOBL(name+target.Suffix, attr.RODATA|attr.NOPTR)
	for i, u := range numbers {
		DATA(4*i, U32(u))
	}
	data[name] = m
	return m
}

// Repeated returns the address of a vector of equal numbers of 32 bits.
func Repeated(name string, bits uint32) Mem {
	all := make([]uint32, target.Lanes)
	for i := range all {
		all[i] = bits
	}
	return Table(name, all...)
}

// Real returns the address of a vector of equal float32s.
func Real(name string, v float32) Mem { return Repeated(name, math.Float32bits(v)) }
