package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/medner/medner/model"
)

// A small random model with an adapter, as it writes with the adapter and
// without it.
func Example() {
	ctx := context.Background()
	m, err := model.Open(ctx, "../testdata/goldens/tiny-llama-nf4", model.Options{
		Adapters: []string{"../testdata/goldens/adapters/rslora"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()

	names, how := m.Adapters()
	fmt.Println(names, how)
	for _, adapter := range []string{"rslora", model.Base} {
		result, err := m.Generate(ctx, model.Request{
			Tokens:       []int32{1, 640, 12, 77},
			Adapter:      adapter,
			MaxNewTokens: 5,
			Stop:         []int32{},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(adapter, result.IDs(), result.FinishReason)
	}
	// Output:
	// [rslora] unmerged
	// rslora [310 135 1419 1419 1419] length
	// base [77 77 537 1178 520] length
}
