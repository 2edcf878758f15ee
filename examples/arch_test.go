package embedder

import (
	"fmt"
	"log"
	"os"

	"github.com/medner/medner/model/arch"
)

// A catalogue of models reads their configurations, and tells how much a
// conversation costs.
func Example_arch() {
	file := tinyLlama + "/config.json"
	data, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	c, err := arch.ParseConfig(file, data)
	if err != nil {
		log.Fatal(err)
	}
	cache := 2 * c.NumHiddenLayers * c.NumKeyValueHeads * c.HeadDim * 4
	fmt.Println(c.ModelType, c.NumHiddenLayers, "layers,", cache, "bytes of keys and values a position in float32")
	// Output:
	// llama 3 layers, 3072 bytes of keys and values a position in float32
}
