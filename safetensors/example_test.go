package safetensors_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// A program writes a file of one tensor and reads the tensor's second row.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "model.safetensors")

	data := make([]byte, 6*2)
	quant.Encode(quant.BF16, data, []float32{1, 2, 3, 4, 5, 6})
	weight := safetensors.Bytes("weight", safetensors.BF16, []int{2, 3}, data)
	if err := safetensors.WriteFile(path, []safetensors.Source{weight}, nil); err != nil {
		log.Fatal(err)
	}

	r, err := safetensors.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, name := range r.Names() {
		tensor, _ := r.Tensor(name)
		m, err := tensor.Matrix()
		if err != nil {
			log.Fatal(err)
		}
		row := make([]float32, m.Cols())
		if err := m.ReadRows(row, 1); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, tensor.DType, tensor.Shape, row)
	}
	// Output: weight BF16 [2 3] [4 5 6]
}
