// Command gen writes assembly of package kernels, one file and its stubs a run:
// the kernels over vectors, of attention or over packed weights, for one
// instruction set. Each function equals its twin in Go bit by bit.
package main

import (
	"flag"
	"log"

	"github.com/mmcloughlin/avo/build"

	"github.com/medner/medner/kernels/internal/gen/asm"
	"github.com/medner/medner/kernels/internal/gen/attention"
	"github.com/medner/medner/kernels/internal/gen/matrix"
	"github.com/medner/medner/kernels/internal/gen/vector"
)

var writers = map[string]func(){"vector": vector.Write, "attention": attention.Write, "matrix": matrix.Write}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	kernels := flag.String("kernels", "", "which kernels to write: vector, attention or matrix")
	isa := flag.String("isa", "", "the instruction set: avx2, avx512, vnni or vbmi")
	flag.Parse() // with avo's flags: -pkg, -out, -stubs
	write, ok := writers[*kernels]
	if !ok {
		log.Fatalf("-kernels is %q, none of vector, attention, matrix", *kernels)
	}
	if err := asm.Use(*isa); err != nil {
		log.Fatal("-isa: ", err)
	}
	build.ConstraintExpr("!noasm")
	write()
	build.Generate()
}
