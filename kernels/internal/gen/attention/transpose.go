package attention

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// transposeRows is the number of rows that are transposed together at most.
var transposeRows = Size("transposeRows")

func transpose() {
	Begin("transpose", "func(dst []float32, dstStride int, x []float32, xStride, rows, columns int)", "transposeGo.",
		"for r < rows, c < columns:\n\tdst[c·dstStride + r] = x[r·xStride + c]")
	dst, dstStride := Pointer("dst"), FloatBytes("dstStride")
	x, xStride := Pointer("x"), FloatBytes("xStride")
	columns := Integer("columns")
	Cases("rows", "rows", transposeRows, func(rows int) {
		name := "transpose" + string(rune('0'+rows))
		at := Lines(x, xStride, rows)
		Label(name)
		Note("Four columns at a time; %s are left: 4 numbers of each row (%s on) become 4 lines of dst.", columns, at[0])
		CMPQ(columns, Imm(4))
		JLT(LabelRef(name + "single"))
		for _, v := range fourColumns(at) {
			storeLanes(v, rows, Mem{Base: dst})
			ADDQ(dstStride, dst)
		}
		Advance(at, 4*4)
		SUBQ(Imm(4), columns)
		JMP(LabelRef(name))
		Label(name + "single")
		Note("One column at a time.")
		TESTQ(columns, columns)
		JZ(LabelRef(name + "done"))
		for r := range at {
			v := XMM()
			VMOVSS(at[r], v)
			VMOVSS(v, Mem{Base: dst, Disp: 4 * r})
		}
		ADDQ(dstStride, dst)
		Advance(at, 4)
		DECQ(columns)
		JMP(LabelRef(name + "single"))
		Label(name + "done")
	})
}

// fourColumns loads four numbers of each row, and returns a vector for each of the
// four columns: row r is lane r. Lanes without a row hold anything.
func fourColumns(at []Mem) [4]VecVirtual {
	var v [4]VecVirtual
	for r := range v {
		v[r] = YMM()
		if r >= len(at) {
			v[r] = v[0]
			continue
		}
		VMOVUPS(at[r], v[r].AsX())
		if r+4 < len(at) {
			VINSERTF128(Imm(1), at[r+4], v[r], v[r])
		}
	}
	low, high := [2]VecVirtual{YMM(), YMM()}, [2]VecVirtual{YMM(), YMM()} // of two rows: columns 0 and 1, and 2 and 3
	for i := range low {
		VUNPCKLPS(v[2*i+1], v[2*i], low[i])
		VUNPCKHPS(v[2*i+1], v[2*i], high[i])
	}
	var columns [4]VecVirtual
	for i, pair := range [][2]VecVirtual{low, high} {
		columns[2*i], columns[2*i+1] = YMM(), YMM()
		VUNPCKLPD(pair[1], pair[0], columns[2*i])
		VUNPCKHPD(pair[1], pair[0], columns[2*i+1])
	}
	return columns
}

// storeLanes stores the first n lanes of v.
func storeLanes(v VecVirtual, n int, m Mem) {
	if n == 8 {
		VMOVUPS(v.AsY(), m)
		return
	}
	x := v.AsX()
	if n > 4 {
		VMOVUPS(x, m)
		upper := XMM()
		VEXTRACTF128(Imm(1), v.AsY(), upper)
		x, n, m = upper, n-4, m.Offset(16)
	}
	switch n {
	case 4:
		VMOVUPS(x, m)
	case 3:
		VMOVLPS(x, m)
		VEXTRACTPS(Imm(2), x, m.Offset(8))
	case 2:
		VMOVLPS(x, m)
	case 1:
		VMOVSS(x, m)
	}
}
