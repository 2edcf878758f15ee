package quant_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/quant"
)

func ExampleQuantize4Bit() {
	weight := quant.NewF32(1, 4, []float32{0.9, -0.3, 0.02, -2})
	q, err := quant.Quantize4Bit(weight, quant.FourBitOptions{Quant: quant.NF4})
	if err != nil {
		log.Fatal(err)
	}
	w, err := quant.ReadAll(q)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f in %d bytes and a scale of %v\n", w, len(q.Packed), q.Absmax[0])
	// Output: [0.881 -0.370 0.000 -2.000] in 2 bytes and a scale of 2
}
