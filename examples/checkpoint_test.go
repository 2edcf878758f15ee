package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
)

// A tool looks at the weights of a model without running it.
func Example_checkpoint() {
	c, err := checkpoint.Open(goldens + "tiny-llama-nf4")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	numbers := map[string]int{}
	for _, w := range c.Weights() {
		m, err := c.Matrix(w.Name)
		if err != nil {
			log.Fatal(err)
		}
		numbers[m.Format().String()] += m.Rows() * m.Cols()
	}
	fmt.Println(numbers)
	// Output:
	// map[F32:394560 NF4:1474560]
}

// modules lists what an adapter may change in a model.
func modules(c *checkpoint.Checkpoint) []lora.Module { return model.Modules(c.Config) }
