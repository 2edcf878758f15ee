// Command matrix writes the AVX2 kernels over packed weights, or with -avx512
// those for AVX-512: products with a few columns, expansion to panels of
// float32, and products of panels with many columns.
package main

import (
	"flag"
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	tileRows  = 16
	tileBytes = 4 * tileRows // of a float32 for each row
	blockK    = 64
)

// target is an instruction set: a tile of 16 rows is parts vectors.
type target struct {
	suffix string
	wide   bool
	lanes  int
	parts  int
	vector func() VecVirtual

	vectorColumns int           // the most of a product by vector
	vectorTiles   func(int) int // taken at once for as many columns
	blockColumns  int           // the most of a product of panels
	blockTiles    func(int) int
	fastColumns   int // the most of a product of panels of int8
}

var avx2 = target{
	suffix: "AVX2", lanes: 8, parts: 2, vector: YMM,
	vectorColumns: 3, vectorTiles: func(n int) int {
		if n == 1 {
			return 2
		}
		return 1
	},
	blockColumns: 6, blockTiles: func(n int) int {
		if n <= 3 {
			return 2
		}
		return 1
	},
	fastColumns: 6,
}

var isa = avx2

func main() {
	flag.Parse()
	ConstraintExpr("!noasm")
	constants()
	for _, f := range formats() {
		vectorKernel(f)
		if f.name != "F32" { // packed as a panel is
			expandKernel(f)
		}
	}
	blockKernel()
	fastKernels()
	Generate()
}

func begin(name, signature, doc string) {
	TEXT(name+isa.suffix, NOSPLIT, signature)
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

func zero(v Op) {
	if isa.wide {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

func newZero() VecVirtual {
	v := isa.vector()
	zero(v)
	return v
}

// lines returns the addresses of n lines that lie step bytes apart, by as few
// further registers as can be; base is the first of them.
func lines(base, step Register, n int) []Mem {
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

// advance moves the addresses that lines made.
func advance(m []Mem, by int) {
	for i := 0; i < len(m); i += 3 {
		ADDQ(I32(by), m[i].Base)
	}
}

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
var roundBias, roundOdd, roundHigh, lowNibbles, transpose Mem

func constants() {
	roundBias, roundOdd, roundHigh = constant("roundBias", 0x7fff), constant("roundOdd", 1), constant("roundHigh", 0xffff0000)
	lowNibbles = constant("lowNibbles", 0x0f0f0f0f)
	// transpose orders 4 × 4 bytes of each 16 the other way.
	order := make([]uint32, isa.lanes)
	for i := range order {
		row := uint32(i % 4)
		order[i] = row | (row+4)<<8 | (row+8)<<16 | (row+12)<<24
	}
	transpose = table("transpose", order...)
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
