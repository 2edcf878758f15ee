// Command matrix writes the AVX2 kernels over packed weights: products with a
// few columns, expansion to panels of float32, and products of panels with
// many columns; the same over integers. With -avx512 it writes those of float32
// for AVX-512, with -vnni those over integers for its VNNI.
package main

import (
	"flag"
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/kernels/internal/gen/addresses"
)

const (
	tileRows  = 16
	tileBytes = 4 * tileRows // of a float32 for each row
	blockK    = 64
	// panelTiles is the number of tiles that the kernels' callers take together.
	panelTiles = 4
)

// target is an instruction set: a tile of 16 rows is parts vectors.
type target struct {
	suffix string
	wide   bool
	lanes  int
	parts  int
	vector func() VecVirtual

	// The most columns of the products, and the numbers of tiles taken at once
	// for as many: enough sums to hide the latency of a multiply-add, few
	// enough for the registers.
	vectorColumns     int
	vectorTiles       func(columns int) []int
	blockColumns      int
	blockTiles        func(columns int) []int
	fastVectorColumns int
	fastVectorTiles   func(columns int) []int
}

var avx2 = target{
	suffix: "AVX2", lanes: 8, parts: 2, vector: YMM,
	vectorColumns: 3, vectorTiles: func(n int) []int {
		if n == 1 {
			return []int{2, 1}
		}
		return []int{1}
	},
	blockColumns: 6, blockTiles: func(n int) []int {
		if n <= 3 {
			return []int{2, 1}
		}
		return []int{1}
	},
	fastVectorColumns: 4, fastVectorTiles: func(n int) []int {
		if n == 1 {
			return []int{2, 1}
		}
		return []int{1}
	},
}

var avx512 = target{
	suffix: "AVX512", wide: true, lanes: 16, parts: 1, vector: ZMM,
	vectorColumns: 4, vectorTiles: func(n int) []int {
		return [][]int{{6, 2, 1}, {4, 1}, {3, 1}, {2, 1}}[n-1]
	},
	blockColumns: 14, blockTiles: func(n int) []int {
		if n <= 6 {
			return []int{4, 1}
		}
		return []int{2, 1}
	},
	fastVectorColumns: 8, fastVectorTiles: func(n int) []int {
		if n == 1 {
			return []int{6, 2, 1}
		}
		if n <= 3 {
			return []int{3, 1}
		}
		return []int{2, 1}
	},
}

var isa = avx2

func main() {
	wide := flag.Bool("avx512", false, "write the kernels of float32 for AVX-512")
	vnni := flag.Bool("vnni", false, "write the kernels of integers for AVX-512 VNNI")
	flag.Parse()
	if *wide || *vnni {
		isa = avx512
	}
	if *vnni {
		isa.suffix = "VNNI"
	}
	ConstraintExpr("!noasm")
	constants()
	if !*vnni {
		for _, f := range formats() {
			vectorKernel(f)
			if f.name != "F32" { // packed as a panel is
				expandKernel(f)
			}
		}
		blockKernel()
	}
	switch {
	case *vnni:
		vnniKernels()
	case !*wide:
		fastKernels()
	}
	Generate()
}

func begin(name, signature, doc string) { declare(name, NOSPLIT, signature, doc) }

// declare is begin for other attributes: a function that holds much on the
// stack can't be NOSPLIT.
func declare(name string, attributes attr.Attribute, signature, doc string) {
	TEXT(name+isa.suffix, attributes, signature)
	Pragma("noescape")
	Doc(fmt.Sprintf(doc, name+isa.suffix))
}

func pointer(param string) Register { return Load(Param(param).Base(), GP64()) }

func integer(param string) Register { return Load(Param(param), GP64()) }

// floatBytes is a parameter that counts float32s, in bytes.
func floatBytes(param string) Register {
	v := integer(param)
	SHLQ(Imm(2), v)
	return v
}

func newZero() VecVirtual {
	v := isa.vector()
	VXORPS(v, v, v)
	return v
}

// duplicate is a copy of a vector.
func duplicate(v VecVirtual) VecVirtual {
	c := isa.vector()
	VMOVUPS(v, c)
	return c
}

// takeTiles takes count tiles at a time while there are as many.
func takeTiles(name string, tiles Register, count int, body func(name string)) {
	Label(name)
	CMPQ(tiles, Imm(uint64(count)))
	JLT(LabelRef(name + "done"))
	body(name)
	SUBQ(Imm(uint64(count)), tiles)
	JMP(LabelRef(name))
	Label(name + "done")
}

// ahead returns the lines that lie some bytes ahead of those at at, of count
// tiles step bytes apart; or, where left is less than enough, those of the tiles
// that come next.
func ahead(at, step Register, count, bytes int, left Op, enough int) []Mem {
	line := GP64()
	if count == 1 {
		MOVQ(at, line)
	} else {
		next := GP64()
		if m, ok := left.(Mem); ok {
			LEAQ(m, line)
			left = line
		}
		CMPQ(left, I32(enough))
		SBBQ(line, line) // all ones if less
		IMUL3Q(Imm(uint64(count-1)), step, next)
		ANDQ(next, line)
		ADDQ(at, line)
	}
	m := addresses.Lines(line, step, count)
	for i := range m {
		m[i] = m[i].Offset(bytes)
	}
	return m
}

// prefetch fetches size bytes of each line. Processors do so by themselves, but
// stop at pages and at the ends of tiles, and do not look far enough ahead for
// several lines at once.
func prefetch(m []Mem, size int) {
	for _, line := range m {
		for at := 0; at < size; at += 64 {
			PREFETCHT0(line.Offset(at))
		}
	}
}

// aheadBytes is how far ahead words are fetched, aheadBlocks scales.
const (
	aheadBytes  = 1024
	aheadBlocks = 4
)

// byColumns branches to a copy of body for each n up to most.
func byColumns(most int, body func(n int)) {
	n := integer("n")
	for c := 1; c < most; c++ {
		CMPQ(n, Imm(uint64(c)))
		JE(LabelRef(fmt.Sprintf("columns%d", c)))
	}
	for c := most; c > 0; c-- {
		if c < most {
			Label(fmt.Sprintf("columns%d", c))
		}
		body(c)
		VZEROUPPER()
		RET()
	}
}

// Vectors in memory.
var roundBias, roundEvenBias, roundOdd, roundHigh, lowNibbles, signBits, wordOnes, raised, transpose, transposePairs, shiftNibble Mem

// shifts, as factors of 16-bit words whose upper halves of products are kept,
// are by 4, 8 and 12 to the right.
var shifts [3]Mem

// constants writes those that the kernels of the target use.
func constants() {
	lowNibbles = constant("lowNibbles", 0x0f0f0f0f)
	if isa.suffix == "VNNI" {
		signBits = constant("signBits", 0x80808080)
		return
	}
	roundOdd, roundHigh = constant("roundOdd", 1), constant("roundHigh", 0xffff0000)
	if isa.wide {
		roundEvenBias = constant("roundEvenBias", 0x7ffe)
		for i := range shifts {
			shifts[i] = constant(fmt.Sprintf("shift%d", 4*(i+1)), 0x00010001<<(12-4*i))
		}
	} else {
		roundBias = constant("roundBias", 0x7fff)
		// transpose orders 4 × 4 bytes of each 16 the other way.
		order := make([]uint32, isa.lanes)
		for i := range order {
			row := uint32(i % 4)
			order[i] = row | (row+4)<<8 | (row+8)<<16 | (row+12)<<24
		}
		transpose = table("transpose", order...)
		// transposePairs does so by two bytes at a time.
		for i := range order {
			at := uint32(i%2*8 + i/2%2*2)
			order[i] = at | (at+1)<<8 | (at+4)<<16 | (at+5)<<24
		}
		transposePairs = table("transposePairs", order...)
		shiftNibble = constant("shiftNibble", 0x10001000)
		wordOnes, raised = constant("wordOnes", 0x00010001), constant("raised", codeMost*0x01010101)
	}
}

// constant is 32 bits repeated.
func constant(name string, v uint32) Mem {
	all := make([]uint32, isa.lanes)
	for i := range all {
		all[i] = v
	}
	return table(name, all...)
}

// table is numbers of 32 bits.
func table(name string, v ...uint32) Mem {
	m := GLOBL(name+isa.suffix, attr.RODATA|attr.NOPTR)
	for i, u := range v {
		DATA(4*i, U32(u))
	}
	return m
}
