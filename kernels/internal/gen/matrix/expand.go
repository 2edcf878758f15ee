package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// expandKernel writes matrixOps.expand of one format.
func expandKernel(f *format) {
	Begin("expand"+f.Name, "func(panel []float32, words []uint32, tops []float32, code *[32]float32)",
		"expandGo of kinds."+f.goName()+".",
		"for each step k of the panel, row r < 16:\n\tpanel[k·16 + r] = w[k][r]"+f.weightFormula())
	panel, words := Pointer("panel"), Pointer("words")
	var scales Register
	if f.first() {
		scales = Pointer("tops")
	}
	left := Length("panel")
	book := f.loadCodes(4)
	Label("eight")
	Note("8 steps of K; %s numbers of the panel are left.", left)
	for from := 0; from < 8; from += f.step {
		for part := range Parts() {
			m := Mem{Base: words, Disp: from/f.step*f.stepBytes() + part*f.partBytes()}
			next := f.decode(m, Mem{Base: scales, Disp: part * VectorBytes()}, book)
			for j := range f.step {
				VMOVUPS(next(j), Mem{Base: panel, Disp: (from+j)*tileBytes + part*VectorBytes()})
			}
		}
	}
	ADDQ(I32(f.eightBytes()), words)
	ADDQ(I32(8*tileBytes), panel)
	SUBQ(I32(8*tileRows), left)
	JNZ(LabelRef("eight"))
	End()
}

// expandU4 writes matrixOps.expand of kinds with zeros.
func expandU4() {
	Begin("expandU4", "func(panel []float32, words []uint32, tops []float32, code *[32]float32)",
		"expandGo of kinds.U4 and kinds.U4x32.", "for each step k of the panel, row r < 16:\n\tpanel[k·16 + r] = code[k][r] - tops[r]")
	panel, words, tops, left := Pointer("panel"), Pointer("words"), Pointer("tops"), Length("panel")
	book := u4Codes{above: NewVector()}
	if Wide() {
		book = loadU4()
	} else { // registers are scarce
		VMOVUPS(u4Above, book.above)
		for p, m := range u4Masks {
			book.masks[p] = m
		}
	}
	zeros := make([][4]VecVirtual, Parts())
	for part := range zeros {
		z := NewVector()
		VMOVUPS(Mem{Base: tops, Disp: part * VectorBytes()}, z)
		for p, base := range u4Bases {
			zeros[part][p] = NewVector()
			VADDPS(base, z, zeros[part][p])
		}
	}
	Label("eight")
	Note("8 steps of K; %s numbers of the panel are left.", left)
	for part := range Parts() {
		low, high := book.halves(Mem{Base: words, Disp: part * VectorBytes()})
		for j := range 8 {
			v := book.code(j, low, high, func(p int) Op { return zeros[part][p] })
			VMOVUPS(v, Mem{Base: panel, Disp: j*tileBytes + part*VectorBytes()})
		}
	}
	ADDQ(I32(tileBytes), words)
	ADDQ(I32(8*tileBytes), panel)
	SUBQ(I32(8*tileRows), left)
	JNZ(LabelRef("eight"))
	End()
}
