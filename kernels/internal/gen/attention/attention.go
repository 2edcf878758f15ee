// Package attention writes the kernels of attention: scores of a tile of query
// rows against a page of transposed keys, and sums of a page's values weighed
// by such a tile; and, for AVX2, transposition.
package attention

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

var (
	rowTile  = Size("rowTile")
	pageSize = Size("PageSize")
)

// An element is how a page holds its numbers.
type element struct {
	suffix string
	goType string
	size   int
}

var elements = []element{{"32", "float32", 4}, {"16", "uint16", 2}}

// Write writes the kernels of the target.
func Write() {
	for _, e := range elements {
		scores(e)
		weigh(e)
	}
	if !Wide() {
		transpose()
	}
}

// widths lists the widths of tiles, in vectors, in the order in which they are
// tried: with enough accumulators to hide the latency of a fused multiply-add, few
// enough for the 16 or 32 registers. Together they cover any multiple of 16
// numbers.
func widths(rows int) []int {
	if Wide() {
		return []int{4, 2, 1}
	}
	switch rows {
	case 1:
		return []int{8, 2}
	case 2, 3:
		return []int{4, 2}
	case 4:
		return []int{3, 2, 1}
	}
	return []int{2}
}

// outer adds the outer product of a factor of each row and a line of a page to the
// accumulators, [row][vector of the line].
func (e element) outer(acc [][]VecVirtual, line Register, factors []Mem) {
	rows, width := len(acc), len(acc[0])
	product := Outer{
		Vectors: width, Numbers: rows,
		Vector:      func(c int) Mem { return Mem{Base: line, Disp: Lanes() * c * e.size} },
		Number:      func(r int) Mem { return factors[r] },
		Half:        e.size == 2,
		Sum:         func(c, r int) VecVirtual { return acc[r][c] },
		HoldNumbers: rows <= width,
	}
	product.Write()
}

// aheadOf returns the distance from an address to next.
func aheadOf(at Register) Register {
	next := Pointer("next")
	SUBQ(at, next)
	return next
}

// fetch prefetches the memory at a distance from a line. Processors don't foresee
// the next page, and few rows take less time than it needs to come from memory;
// many rows come to the same page several times, and need no help.
func (e element) fetch(acc [][]VecVirtual, line, ahead Register) {
	if len(acc) == rowTile {
		return
	}
	for at := 0; at < Lanes()*len(acc[0])*e.size; at += 64 {
		PREFETCHT0(Mem{Base: line, Index: ahead, Scale: 1, Disp: at})
	}
}

func scores(e element) {
	name := "scores" + e.suffix
	BeginArgs(name, "scoresArgs["+e.goType+"]", name+"Go.",
		"for r < rows, t < positions:\n\tdst[r·dstStride + t] = Σ_d q[r·dim + d]·k[d·64 + t]     fused, d ascending")
	dst, step, queries, keys := Pointer("dst"), FloatBytes("dstStride"), Pointer("q"), Pointer("k")
	dim, positions := Integer("dim"), Integer("positions")
	length, ahead := FloatBytes("dim"), aheadOf(keys)
	Cases("rows", "rows", rowTile, func(rows int) {
		for _, width := range widths(rows) {
			tile := fmt.Sprintf("tile%dx%d", rows, width)
			Chunks(tile, "positions", positions, Lanes()*width, func(tile string) {
				acc := make([][]VecVirtual, rows)
				for r := range acc {
					for range width {
						v := NewVector()
						VXORPS(v, v, v)
						acc[r] = append(acc[r], v)
					}
				}
				Note("Sums of %d rows by %d vectors of positions: %s.", rows, width, acc)
				q, k, d := GP64(), GP64(), GP64()
				MOVQ(queries, q)
				at := Lines(q, length, rows)
				MOVQ(keys, k)
				MOVQ(dim, d)
				Label(tile + "dim")
				Note("One number d of each query (%s on) times a line of keys (%s).", at[0], k)
				e.outer(acc, k, at)
				e.fetch(acc, k, ahead)
				Advance(at, 4)
				ADDQ(I32(pageSize*e.size), k)
				DECQ(d)
				JNZ(LabelRef(tile + "dim"))
				for r, at := range Lines(dst, step, rows) {
					for c := range width {
						VMOVUPS(acc[r][c], at.Offset(c*VectorBytes()))
					}
				}
				ADDQ(I32(width*VectorBytes()), dst)
				ADDQ(I32(Lanes()*width*e.size), keys)
			})
		}
	})
}

func weigh(e element) {
	name := "weigh" + e.suffix
	BeginArgs(name, "weighArgs["+e.goType+"]", name+"Go.",
		"for r < rows, d < vStride:\n\tdst[r·vStride + d] += Σ_t weights[r·weightStride + t]·v[t·vStride + d]     t < positions, fused, t ascending")
	dst, weights, weightStride := Pointer("dst"), Pointer("weights"), FloatBytes("weightStride")
	values, columns := Pointer("v"), Integer("vStride")
	step, count := Bytes("vStride", e.size), Integer("positions")
	out, ahead := FloatBytes("vStride"), aheadOf(values)
	Cases("rows", "rows", rowTile, func(rows int) {
		for _, width := range widths(rows) {
			tile := fmt.Sprintf("tile%dx%d", rows, width)
			Chunks(tile, "numbers of dst", columns, Lanes()*width, func(tile string) {
				acc := make([][]VecVirtual, rows)
				for r, at := range Lines(dst, out, rows) {
					for c := range width {
						v := NewVector()
						VMOVUPS(at.Offset(c*VectorBytes()), v)
						acc[r] = append(acc[r], v)
					}
				}
				Note("Sums of %d rows by %d vectors of dst: %s.", rows, width, acc)
				p, v, t := GP64(), GP64(), GP64()
				MOVQ(weights, p)
				MOVQ(values, v)
				MOVQ(count, t)
				at := Lines(p, weightStride, rows)
				Label(tile + "n")
				Note("The weight of one position t of each row (%s on) times its values (%s).", at[0], v)
				e.outer(acc, v, at)
				e.fetch(acc, v, ahead)
				Advance(at, 4)
				ADDQ(step, v)
				DECQ(t)
				JNZ(LabelRef(tile + "n"))
				for r, at := range Lines(dst, out, rows) {
					for c := range width {
						VMOVUPS(acc[r][c], at.Offset(c*VectorBytes()))
					}
				}
				ADDQ(I32(width*VectorBytes()), dst)
				ADDQ(I32(Lanes()*width*e.size), values)
			})
		}
	})
}
