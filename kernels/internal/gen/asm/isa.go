package asm

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// An ISA is an instruction set that kernels are written for.
type ISA struct {
	Name   string
	Suffix string // ends the names of its functions and constants
	Lanes  int    // float32 numbers of a vector
	Vector func() VecVirtual
}

// The instruction sets. VNNI is AVX-512 with its products of integers,
// VBMI with its permutations of bytes.
var (
	AVX2   = ISA{"avx2", "AVX2", 8, YMM}
	AVX512 = ISA{"avx512", "AVX512", 16, ZMM}
	VNNI   = ISA{"vnni", "VNNI", 16, ZMM}
	VBMI   = ISA{"vbmi", "VBMI", 16, ZMM}
)

// target is the instruction set of the file that is written: one a run, as avo
// has one file a run.
var target = AVX2

// Use makes the named instruction set the target.
func Use(name string) error {
	for _, isa := range []ISA{AVX2, AVX512, VNNI, VBMI} {
		if isa.Name == name {
			target = isa
			return nil
		}
	}
	return fmt.Errorf("instruction set %q is none of avx2, avx512, vnni, vbmi", name)
}

// Suffix ends the names of the target's functions.
func Suffix() string { return target.Suffix }

// IsVNNI says that the target has the products of integers of AVX-512 VNNI.
func IsVNNI() bool { return target.Suffix == VNNI.Suffix }

// IsVBMI says that the target has the permutations of bytes of AVX-512 VBMI.
func IsVBMI() bool { return target.Suffix == VBMI.Suffix }

// Wide says that the target is AVX-512: 32 registers of 16 lanes, masks, and
// operands that are broadcast from memory.
func Wide() bool { return target.Lanes == 16 }

// Lanes is the number of float32 in a vector.
func Lanes() int { return target.Lanes }

// VectorBytes is the size of a vector.
func VectorBytes() int { return 4 * target.Lanes }

// Parts is the number of vectors that make 16 lanes: a tile has 16 rows, and
// sums over one vector have 16 partial sums.
func Parts() int { return 16 / target.Lanes }

// NewVector returns a new vector register.
func NewVector() VecVirtual { return target.Vector() }

// NewZero returns a vector of zeros.
func NewZero() VecVirtual {
	v := NewVector()
	VXORPS(v, v, v)
	return v
}

// Duplicate returns a copy of v.
func Duplicate(v VecVirtual) VecVirtual {
	c := NewVector()
	VMOVUPS(v, c)
	return c
}
