package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// A retriever multiplies one question's embedding with those of all articles:
// packed once, on all cores, with the same bits on every machine.
func Example_kernels() {
	pool := kernels.NewPool(0)
	defer pool.Close()
	const articles, size = 3, 4
	embeddings := quant.NewF32(articles, size, []float32{
		1, 0, 0, 2,
		0, 1, 0, 0,
		1, 1, 1, 1,
	})
	packed, err := kernels.PackDense(pool, kernels.F32, articles, size, embeddings)
	if err != nil {
		log.Fatal(err)
	}
	var question kernels.Input
	question.Reset([]float32{1, 2, 0, 1}, 1, size)
	scores := make([]float32, articles)
	packed.MatMul(pool, scores, &question)
	fmt.Println(scores)
	// Output:
	// [3 2 4]
}
