package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// A converter reads a weight that bitsandbytes quantised to NF4: its codes and
// scales lie in several tensors of one file.
func Example_quant() {
	file, err := safetensors.Open(goldens + "tiny-llama-nf4")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	weight, err := quant.ReadFourBit("model.layers.0.self_attn.q_proj.weight", func(name string) (quant.Raw, bool) {
		tensor, found := file.Tensor(name)
		if !found {
			return quant.Raw{}, false
		}
		return quant.Raw{Name: name, DType: string(tensor.DType), Shape: tensor.Shape, Data: tensor.Data}, true
	})
	if err != nil {
		log.Fatal(err)
	}
	row := make([]float32, weight.Cols())
	if err := weight.ReadRows(row, 7); err != nil {
		log.Fatal(err)
	}
	fmt.Println(weight.Format(), weight.Rows(), "×", weight.Cols(), "in blocks of", weight.BlockSize)
	fmt.Println(row[:4])
	// Output:
	// NF4 384 × 192 in blocks of 64
	// [0.16604958 0.060634892 0.21198148 0]
}
