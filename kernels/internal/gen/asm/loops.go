package asm

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Chunks takes count at a time while left holds as many:
//
//	for ; left >= count; left -= count { body }
//
// Labels begin with name, which body gets to name its own; what names the
// things that are counted, for the comment.
func Chunks(name, what string, left Register, count int, body func(name string)) {
	Label(name)
	Note("%d %s at a time, while as many are left (%s).", count, what, left)
	CMPQ(left, Imm(uint64(count)))
	JLT(LabelRef(name + "done"))
	body(name)
	SUBQ(Imm(uint64(count)), left)
	JMP(LabelRef(name))
	Label(name + "done")
}

// Cases branches to a copy of body for each value of a parameter, from 1 to
// most; each copy returns. Labels are name with the value.
func Cases(param, name string, most int, body func(n int)) {
	n := Integer(param)
	Note("Each value of %s (%s) has a copy of the loops, %d the first.", param, n, most)
	for c := 1; c < most; c++ {
		CMPQ(n, Imm(uint64(c)))
		JE(LabelRef(fmt.Sprintf("%s%d", name, c)))
	}
	for c := most; c > 0; c-- {
		if c < most {
			Label(fmt.Sprintf("%s%d", name, c))
		}
		body(c)
		End()
	}
}

// An Outer is an outer product of vectors and numbers in memory, added to sums:
//
//	sum[v][n] += vector[v]·number[n]     fused
type Outer struct {
	Vectors, Numbers int
	Vector, Number   func(i int) Mem
	Half             bool // vectors are float16 in memory
	Sum              func(v, n int) VecVirtual
	// HoldNumbers keeps the numbers in registers while vectors pass by, instead
	// of the vectors while numbers do: best whichever are fewer.
	HoldNumbers bool
}

// Write writes the instructions.
func (o *Outer) Write() {
	if o.HoldNumbers {
		o.holdNumbers()
	} else {
		o.holdVectors()
	}
}

func (o *Outer) holdNumbers() {
	x := make([]VecVirtual, o.Numbers)
	for n := range x {
		x[n] = o.broadcast(n)
	}
	for v := range o.Vectors {
		if len(x) == 1 && !o.Half {
			VFMADD231PS(o.Vector(v), x[0], o.Sum(v, 0))
			continue
		}
		w := o.load(v)
		for n := range x {
			VFMADD231PS(w, x[n], o.Sum(v, n))
		}
	}
}

func (o *Outer) holdVectors() {
	w := make([]VecVirtual, o.Vectors)
	for v := range w {
		w[v] = o.load(v)
	}
	for n := range o.Numbers {
		if Wide() && len(w) == 1 {
			VFMADD231PS_BCST(o.Number(n), w[0], o.Sum(0, n))
			continue
		}
		x := o.broadcast(n)
		for v := range w {
			VFMADD231PS(w[v], x, o.Sum(v, n))
		}
	}
}

// load widens float16.
func (o *Outer) load(i int) VecVirtual {
	v := NewVector()
	if o.Half {
		VCVTPH2PS(o.Vector(i), v)
	} else {
		VMOVUPS(o.Vector(i), v)
	}
	return v
}

func (o *Outer) broadcast(i int) VecVirtual {
	v := NewVector()
	VBROADCASTSS(o.Number(i), v)
	return v
}
