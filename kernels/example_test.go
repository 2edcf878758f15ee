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

// matrix packs numbers, [rows][k], as float32.
func matrix(pool *kernels.Pool, rows, k int, numbers ...float32) *kernels.Weights {
	w, err := kernels.PackDense(pool, kernels.F32, rows, k, quant.NewF32(rows, k, numbers))
	if err != nil {
		log.Fatal(err)
	}
	return w
}

// Matrices of one input are multiplied together: threads meet once for all. An
// adapter's factors stay apart from the weights.
func ExampleInput_MatMul() {
	pool := kernels.NewPool(1)
	defer pool.Close()
	queries := matrix(pool, 2, 2, 1, 0, 0, 1)
	values := matrix(pool, 1, 2, 1, 1)
	adapter := &kernels.LowRank{
		Down:  matrix(pool, 1, 2, 1, -1),  // [rank][inputs]
		Up:    matrix(pool, 2, 1, 10, 20), // [outputs][rank]
		Scale: 0.5,
	}
	const tokens = 2
	var x kernels.Input
	x.Reset([]float32{
		3, 1,
		0, 2,
	}, tokens, 2)
	q, v := make([]float32, tokens*2), make([]float32, tokens)
	x.MatMul(pool,
		kernels.Product{W: queries, Y: q, LowRank: adapter},
		kernels.Product{W: values, Y: v},
	)
	fmt.Println(q, v)
	// Output:
	// [13 21 -10 -18] [4 2]
}

// codes is a matrix of one row of 64 4-bit codes that share a scale.
type codes struct{}

func (codes) CodeRows(codes []byte, scales, _ []float32, _ int) error {
	for i := range codes {
		codes[i] = 0x2f // two codes: 2, and 15
	}
	scales[0] = 0.25
	return nil
}

// Weights of 4 bits stay packed; a reader hands over their codes and scales.
func ExamplePack4Bit() {
	pool := kernels.NewPool(1)
	defer pool.Close()
	layout := kernels.FourBit{Rows: 1, Cols: 64, Format: kernels.NF4, Block: 64, Round: kernels.F32}
	layout.Code[2], layout.Code[15] = -1, 1
	w, err := kernels.Pack4Bit(pool, layout, codes{})
	if err != nil {
		log.Fatal(err)
	}
	x := make([]float32, 64)
	x[0], x[1], x[3] = 1, 4, 8
	var in kernels.Input
	in.Reset(x, 1, 64)
	y := make([]float32, 1)
	w.MatMul(pool, y, &in)
	fmt.Println(y, w.Bytes())
	// Output:
	// [2.75] 576
}

// A query attends to the positions up to its own, whose keys and values lie in
// pages.
func ExampleAttention() {
	pool := kernels.NewPool(1)
	defer pool.Close()
	shape := kernels.CacheShape{Heads: 1, HeadDim: 2}
	page := shape.NewPage()
	keys, values := []float32{0, 0, 40, 0}, []float32{1, 2, 3, 4} // of two positions
	shape.Write([]kernels.Page{page}, 0, 2, keys, values)

	span := kernels.AttentionSpan{
		Pages: []kernels.Page{page},
		Pos:   0,
		Q:     []float32{1, 0, 1, 0}, // the second query's key outweighs the first's
		Out:   make([]float32, 4),
	}
	kernels.NewAttention(shape, 1).Run(pool, []kernels.AttentionSpan{span})
	fmt.Printf("%.3f\n", span.Out)
	// Output:
	// [1.000 2.000 3.000 4.000]
}

// Queries and keys are rotated by their position.
func ExampleRope() {
	const headDim = 2
	row := []float32{1, 0, 0, 1} // two heads
	kernels.NewRope([]float32{1.5707963}).Apply(row, headDim, 1)
	fmt.Printf("%.3f\n", row)
	// Output:
	// [0.000 1.000 -1.000 0.000]
}

// The bitmap allows the values 0 and 3.
func ExampleGreatestAllowed() {
	logits, allowed := []float32{1, 7, 5, 2}, []uint64{0b1001}
	best := kernels.GreatestAllowed(logits, allowed)
	fmt.Println(best, kernels.FirstEqual(logits, allowed, best))
	// Output:
	// 2 3
}

// Every variant computes the same bits.
func ExampleForce() {
	restore, err := kernels.Force("scalar")
	if err != nil {
		log.Fatal(err)
	}
	defer restore()
	name, _ := kernels.Selected()
	fmt.Println(name)
	// Output:
	// scalar
}
