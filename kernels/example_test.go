package kernels_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// Weights are packed once, and then multiplied by any number of inputs.
func Example() {
	pool := kernels.NewPool(0)
	defer pool.Close()
	const rows, k = 3, 4
	weights, err := kernels.PackDense(pool, kernels.F32, rows, k, quant.NewF32(rows, k, []float32{
		1, 0, 0, 2,
		0, 1, 0, 0,
		1, 1, 1, 1,
	}))
	if err != nil {
		log.Fatal(err)
	}
	var x kernels.Input
	x.Reset([]float32{1, 2, 0, 1}, 1, k)
	y := make([]float32, rows)
	weights.MatMul(pool, y, &x)
	fmt.Println(y)
	// Output:
	// [3 2 4]
}
