package lora_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/quant"
)

func Example() {
	adapter, err := lora.Open("testdata/regex")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = adapter.Close() }()

	var modules []lora.Module // as the base has them
	for _, layer := range []string{"model.layers.0.", "model.layers.1."} {
		modules = append(modules,
			lora.Module{Name: layer + "self_attn.q_proj", Rows: 16, Cols: 16},
			lora.Module{Name: layer + "mlp.up_proj", Rows: 24, Cols: 16},
			lora.Module{Name: layer + "mlp.down_proj", Rows: 16, Cols: 24})
	}
	plan, err := adapter.Resolve(modules, false)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range plan.Names() {
		d := plan.Delta(name)
		fmt.Println(name, "rank", d.A.Rows(), "scale", d.Scale)
	}

	weight := quant.NewF32(16, 16, make([]float32, 16*16))
	merged, err := plan.Delta("model.layers.0.self_attn.q_proj").Merge(weight)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("merged:", merged.Rows(), "×", merged.Cols(), merged.Format())
	// Output:
	// model.layers.0.self_attn.q_proj rank 2 scale 1.25
	// model.layers.0.mlp.down_proj rank 2 scale 1.25
	// model.layers.1.self_attn.q_proj rank 2 scale 1.25
	// model.layers.1.mlp.down_proj rank 2 scale 1.25
	// merged: 16 × 16 F32
}
