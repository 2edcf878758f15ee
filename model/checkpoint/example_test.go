package checkpoint_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/model/checkpoint"
)

func Example() {
	c, err := checkpoint.Open("../../testdata/goldens/tiny-llama")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	m, err := c.Matrix("model.layers.0.self_attn.q_proj.weight")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Format(), m.Rows(), m.Cols())
	// Output: BF16 384 192
}
