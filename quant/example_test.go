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

// Kernels that multiply with codes read them row by row, with the scales.
func ExampleFourBit_CodeRows() {
	weight := quant.NewF32(2, 64, append(make([]float32, 127), 0.5))
	q, err := quant.Quantize4Bit(weight, quant.FourBitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	codes, scales := make([]byte, 64/2), make([]float32, 64/q.Codes().Block)
	if err := q.CodeRows(codes, scales, nil, 1); err != nil { // the second row
		log.Fatal(err)
	}
	last := codes[31] & 15
	fmt.Println(q.Codes().Code[last] * scales[0])
	// Output: 0.5
}

// ReadRows gives the numbers of any format.
func ExampleMatrix() {
	var m quant.Matrix
	m, err := quant.NewDense(quant.BF16, 2, 2, []byte{0x80, 0x3f, 0, 0x40, 0x40, 0x40, 0x80, 0x40})
	if err != nil {
		log.Fatal(err)
	}
	row := make([]float32, m.Cols())
	if err := m.ReadRows(row, 1); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Format(), row)
	// Output: BF16 [3 4]
}
