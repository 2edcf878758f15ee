package embedder

import (
	"context"
	"fmt"
	"log"

	"github.com/medner/medner/model"
	"github.com/medner/medner/tokenizer"
)

// A program opens a model once, and then continues prompts and scores texts
// with it, from as many goroutines as it likes.
func Example_model() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{Adapters: []string{adapter}, LoRA: model.Unmerged})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	t, err := m.Text().Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	prompt := t.Encode("Lithium and tremor", tokenizer.EncodeOptions{AddSpecial: true}).IDs

	for _, name := range []string{model.Base, "plain"} {
		result, err := m.Generate(ctx, model.Request{Tokens: prompt, Adapter: name, MaxNewTokens: 6})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-5s %v, the first at %.2f\n", name, result.IDs(), result.Tokens[0].LogProb)
	}

	// The logits of the last position, which score what may come next.
	logits, err := m.Logits(ctx, prompt, 1, model.Base)
	if err != nil {
		log.Fatal(err)
	}
	best := 0
	for id, logit := range logits[0] {
		if logit > logits[0][best] {
			best = id
		}
	}
	fmt.Println("the likeliest next token:", best)
	// Output:
	// base  [1859 1859 1859 1859 1859 1859], the first at -0.00
	// plain [1859 1859 340 562 1281 1626], the first at -0.02
	// the likeliest next token: 1859
}

// A program labels the tokens of a text with the head of a token
// classification model, and finds the characters that each token covers. What random weights say means nothing.
func Example_classify() {
	ctx := context.Background()
	m, err := model.Open(ctx, goldens+"../goldens-tags/models/llama", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	t, err := m.Text().Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	const text = "Lithium and tremor"
	tokens := t.Encode(text, tokenizer.EncodeOptions{AddSpecial: true})
	c, err := m.Classify(ctx, model.ClassifyRequest{Tokens: tokens.IDs})
	if err != nil {
		log.Fatal(err)
	}
	for i, scores := range c.Scores[:4] {
		best := 0
		for class, score := range scores {
			if score > scores[best] {
				best = class
			}
		}
		span := tokens.Offsets[i] // in bytes
		fmt.Printf("%q %s\n", text[span[0]:span[1]], c.Labels[best])
	}
	// Output:
	// "" B-Disease
	// "L" I-Disease
	// "ithium" B-Disease
	// " and" B-Chemical
}
