package embedder

import (
	"fmt"
	"log"
	"strings"

	"github.com/medner/medner/safetensors"
)

// A tool lists what an adapter's file holds without loading it.
func Example_safetensors() {
	file, err := safetensors.Open(adapter + "/adapter_model.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, name := range file.Names() {
		if !strings.Contains(name, "layers.0.self_attn.q_proj") {
			continue
		}
		tensor, _ := file.Tensor(name)
		fmt.Println(name, tensor.DType, tensor.Shape, len(tensor.Data), "bytes")
	}
	// Output:
	// base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight F32 [16 192] 12288 bytes
	// base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight F32 [384 16] 24576 bytes
}
