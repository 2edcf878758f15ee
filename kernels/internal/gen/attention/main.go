// Command attention writes the AVX2 kernels of attention, or with -avx512
// those: scores of a tile of query rows against a page of transposed keys, and
// sums of a page's values weighed by such a tile; and, for AVX2, transposition.
package main

import (
	"flag"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/kernels/internal/gen/addresses"
)

const (
	rowTile  = 6
	pageSize = 64
)

// An element is how a page holds its numbers.
type element struct {
	suffix string
	goType string
	size   int
}

var elements = []element{{"32", "float32", 4}, {"16", "uint16", 2}}

// The vectors in use.
var (
	suffix = "AVX2"
	lanes  = 8
	vector = YMM
)

func main() {
	wide := flag.Bool("avx512", false, "write AVX-512 code")
	flag.Parse()
	if *wide {
		suffix, lanes, vector = "AVX512", 16, ZMM
	}
	ConstraintExpr("!noasm")
	for _, e := range elements {
		scores(e)
		weigh(e)
	}
	if !*wide {
		transpose()
	}
	Generate()
}

// load widens a vector's worth of numbers of a page.
func (e element) load(m Mem) VecVirtual {
	v := vector()
	if e.size == 2 {
		VCVTPH2PS(m, v)
	} else {
		VMOVUPS(m, v)
	}
	return v
}

// widths lists the tile widths, in vectors, that rows are taken in: enough
// accumulators to hide the latency of a fused multiply-add, few enough for the
// 16 or 32 registers. They leave nothing of a multiple of 16 numbers.
func widths(rows int) []int {
	if lanes == 16 {
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

func begin(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
}

func pointer(param string) Register { return Load(Param(param).Base(), GP64()) }

func bytes(param string, size int) Register {
	v := Load(Param(param), GP64())
	SHLQ(Imm(map[int]uint64{2: 1, 4: 2}[size]), v)
	return v
}

// byRows branches to a copy of body for the number of rows, up to most.
func byRows(most int, body func(rows int)) {
	rows := Load(Param("rows"), GP64())
	for r := 1; r < most; r++ {
		CMPQ(rows, Imm(uint64(r)))
		JE(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := most; r > 0; r-- {
		if r < most {
			Label(fmt.Sprintf("rows%d", r))
		}
		body(r)
		VZEROUPPER()
		RET()
	}
}

// outer adds the outer product of a column of factors, one a row, and a line
// of a page to the accumulators. It holds whichever is fewer in registers.
func (e element) outer(acc [][]VecVirtual, line Register, factors []Mem) {
	rows, width := len(acc), len(acc[0])
	at := func(c int) Mem { return Mem{Base: line, Disp: lanes * c * e.size} }
	if rows <= width {
		x := make([]VecVirtual, rows)
		for r := range x {
			x[r] = vector()
			VBROADCASTSS(factors[r], x[r])
		}
		for c := range width {
			if rows == 1 && e.size == 4 {
				VFMADD231PS(at(c), x[0], acc[0][c])
				continue
			}
			v := e.load(at(c))
			for r := range x {
				VFMADD231PS(v, x[r], acc[r][c])
			}
		}
		return
	}
	v := make([]VecVirtual, width)
	for c := range v {
		v[c] = e.load(at(c))
	}
	for r := range rows {
		x := vector()
		VBROADCASTSS(factors[r], x)
		for c := range v {
			VFMADD231PS(v[c], x, acc[r][c])
		}
	}
}

// aheadOf is how far next lies from the lines that begin at an address.
func aheadOf(at Register) Register {
	next := pointer("next")
	SUBQ(at, next)
	return next
}

// fetch fetches what lies ahead of a line. Processors don't foresee the next
// page, and few rows take less time than its way from memory; many rows come
// several times to the same page.
func (e element) fetch(acc [][]VecVirtual, line, ahead Register) {
	if len(acc) == rowTile {
		return
	}
	for at := 0; at < lanes*len(acc[0])*e.size; at += 64 {
		PREFETCHT0(Mem{Base: line, Index: ahead, Scale: 1, Disp: at})
	}
}

func scores(e element) {
	name := "scores" + e.suffix
	begin(name+suffix, fmt.Sprintf("func(dst []float32, stride int, q []float32, k, next []%s, dim, rows, columns int)", e.goType),
		fmt.Sprintf("%s%s is %sGo.", name, suffix, name))
	dst, step, queries, keys := pointer("dst"), bytes("stride", 4), pointer("q"), pointer("k")
	dim, columns := Load(Param("dim"), GP64()), Load(Param("columns"), GP64())
	length, ahead := bytes("dim", 4), aheadOf(keys)
	byRows(rowTile, func(rows int) {
		for _, width := range widths(rows) {
			tile := fmt.Sprintf("tile%dx%d", rows, width)
			Label(tile)
			CMPQ(columns, Imm(uint64(lanes*width)))
			JLT(LabelRef(tile + "done"))
			acc := make([][]VecVirtual, rows)
			for r := range acc {
				for range width {
					v := vector()
					VXORPS(v, v, v)
					acc[r] = append(acc[r], v)
				}
			}
			q, k, d := GP64(), GP64(), GP64()
			MOVQ(queries, q)
			at := addresses.Lines(q, length, rows)
			MOVQ(keys, k)
			MOVQ(dim, d)
			Label(tile + "dim")
			e.outer(acc, k, at)
			e.fetch(acc, k, ahead)
			addresses.Advance(at, 4)
			ADDQ(I32(pageSize*e.size), k)
			DECQ(d)
			JNZ(LabelRef(tile + "dim"))
			for r, at := range addresses.Lines(dst, step, rows) {
				for c := range width {
					VMOVUPS(acc[r][c], at.Offset(4*lanes*c))
				}
			}
			ADDQ(I32(4*lanes*width), dst)
			ADDQ(I32(lanes*width*e.size), keys)
			SUBQ(Imm(uint64(lanes*width)), columns)
			JMP(LabelRef(tile))
			Label(tile + "done")
		}
	})
}

func weigh(e element) {
	name := "weigh" + e.suffix
	begin(name+suffix, fmt.Sprintf("func(dst, weights []float32, reach int, v, next []%s, stride, rows, n int)", e.goType),
		fmt.Sprintf("%s%s is %sGo.", name, suffix, name))
	dst, weights, reach := pointer("dst"), pointer("weights"), bytes("reach", 4)
	values, columns := pointer("v"), Load(Param("stride"), GP64())
	step, count := bytes("stride", e.size), Load(Param("n"), GP64())
	out, ahead := bytes("stride", 4), aheadOf(values)
	byRows(rowTile, func(rows int) {
		for _, width := range widths(rows) {
			tile := fmt.Sprintf("tile%dx%d", rows, width)
			Label(tile)
			CMPQ(columns, Imm(uint64(lanes*width)))
			JLT(LabelRef(tile + "done"))
			acc := make([][]VecVirtual, rows)
			for r, at := range addresses.Lines(dst, out, rows) {
				for c := range width {
					v := vector()
					VMOVUPS(at.Offset(4*lanes*c), v)
					acc[r] = append(acc[r], v)
				}
			}
			p, v, t := GP64(), GP64(), GP64()
			MOVQ(weights, p)
			MOVQ(values, v)
			MOVQ(count, t)
			at := addresses.Lines(p, reach, rows)
			Label(tile + "n")
			e.outer(acc, v, at)
			e.fetch(acc, v, ahead)
			addresses.Advance(at, 4)
			ADDQ(step, v)
			DECQ(t)
			JNZ(LabelRef(tile + "n"))
			for r, at := range addresses.Lines(dst, out, rows) {
				for c := range width {
					VMOVUPS(acc[r][c], at.Offset(4*lanes*c))
				}
			}
			ADDQ(I32(4*lanes*width), dst)
			ADDQ(I32(lanes*width*e.size), values)
			SUBQ(Imm(uint64(lanes*width)), columns)
			JMP(LabelRef(tile))
			Label(tile + "done")
		}
	})
}
