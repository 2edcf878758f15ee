package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/checkpoint"
)

// A tool merges one weight of a model with its adapter, and measures by how
// much it changed.
func Example_lora() {
	base, err := checkpoint.Open(tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = base.Close() }()
	a, err := lora.Open(adapter)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = a.Close() }()

	plan, err := a.Resolve(modules(base), base.Config.TieWordEmbeddings)
	if err != nil {
		log.Fatal(err)
	}
	const name = "model.layers.0.self_attn.q_proj"
	weight, err := base.Matrix(name + ".weight")
	if err != nil {
		log.Fatal(err)
	}
	merged, err := plan.Delta(name).Merge(weight)
	if err != nil {
		log.Fatal(err)
	}
	changed, whole, err := lora.Strength(weight, merged)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d weights change; %s by %.3f of its norm\n", len(plan.Names()), name, changed/whole)
	// Output:
	// 21 weights change; model.layers.0.self_attn.q_proj by 0.279 of its norm
}
