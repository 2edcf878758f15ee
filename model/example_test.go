package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/medner/medner/model"
)

const tinyLlama = "../testdata/goldens/tiny-llama-nf4" // random weights, for tests

// A small random model with an adapter, as it writes with the adapter and
// without it.
func Example() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{
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

// Tokens can be used while the next ones are being written.
func ExampleModel_Generate_stream() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	_, err = m.Generate(ctx, model.Request{
		Tokens:       []int32{1, 640, 12, 77},
		MaxNewTokens: 4,
		OnToken:      func(t model.Token) { fmt.Printf("%d (%.2f)\n", t.ID, t.LogProb) },
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 77 (-0.00)
	// 77 (-0.00)
	// 537 (-0.06)
	// 1178 (-0.03)
}

// The same seed draws the same tokens, another seed draws others. These weights
// are so sure of themselves that only a high temperature shows it.
func ExampleSampling() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	for _, seed := range []uint64{1, 1, 2} {
		result, err := m.Generate(ctx, model.Request{
			Tokens:       []int32{1, 640, 12, 77},
			MaxNewTokens: 6,
			Sampling:     model.Sampling{Temperature: 5, TopK: 50, TopP: 0.95, Seed: seed},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.IDs())
	}
	// Output:
	// [1603 760 1301 1410 1104 165]
	// [1603 760 1301 1410 1104 165]
	// [469 1769 1735 154 984 1626]
}

// counting allows 100, then 101, and so on.
type counting struct{ next int32 }

func (c *counting) Allowed() []uint64 {
	mask := make([]uint64, c.next/64+1)
	mask[c.next/64] = 1 << (c.next % 64)
	return mask
}
func (c *counting) Accept(id int32)        { c.next = id + 1 }
func (c *counting) Fork() model.Constraint { return &counting{c.next} }

// A constraint decides what may be written; log-probabilities are still those
// of the model.
func ExampleConstraint() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	result, err := m.Generate(ctx, model.Request{
		Tokens:       []int32{1, 640, 12, 77},
		MaxNewTokens: 5,
		Constraint:   &counting{100},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.IDs(), result.Tokens[0].LogProb < -5)
	// Output:
	// [100 101 102 103 104] true
}

// Each token of a text gets a score for each label of the head that an adapter of task
// type TOKEN_CLS brings along. The adapter's folder names the labels.
func ExampleModel_Classify() {
	ctx := context.Background()
	const dir = "../testdata/goldens-tags/" // random weights, for tests
	m, err := model.Open(ctx, dir+"models/llama-base", model.Options{Adapters: []string{dir + "adapters/dora"}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	found, err := m.Classify(ctx, model.ClassifyRequest{Tokens: []int32{1, 64, 12, 77}, From: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Labels)
	for _, scores := range found.Scores {
		fmt.Printf("%.2f\n", scores)
	}
	// Output:
	// [O Drug Disease]
	// [-0.32 1.19 0.77]
	// [0.04 1.20 0.57]
}
