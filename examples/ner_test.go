package embedder

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// A service holds one model for two extractors, one for each client, and for
// prompts of its own. A bad article, here one that isn't UTF-8, stops no other.
func Example_ner() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	drugs, err := ner.New(m, ner.WithTasks(prompt.Chemicals), ner.WithMaxNewTokens(12))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = drugs.Close() }()
	diseases, err := drugs.With(ner.WithTasks(prompt.Diseases))
	if err != nil {
		log.Fatal(err)
	}

	articles := []document.Document{
		{ID: "good", Text: "Lithium may cause tremor."},
		{ID: "bad", Text: "\xff"},
	}
	for _, extractor := range []*ner.Extractor{drugs, diseases} {
		for result, err := range extractor.Extract(ctx, articles...) {
			var bad *ner.DocumentError
			if errors.As(err, &bad) {
				fmt.Println("bad:", bad.Document)
				continue
			}
			if err != nil {
				log.Fatal(err)
			}
			// A random model finds random spans, but it finds them in the article.
			index := document.NewIndex(result.Text)
			for _, e := range result.Entities {
				if mention, _ := index.Slice(e.Spans[0]); mention != e.Text {
					log.Fatal(e)
				}
			}
			fmt.Println("annotated:", result.ID)
		}
	}
	result, err := m.Generate(ctx, model.Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("wrote", len(result.Tokens), "tokens beside")
	// Output:
	// annotated: good
	// bad: bad
	// annotated: good
	// bad: bad
	// wrote 2 tokens beside
}

// A service that holds a model for other uses too makes extractors on it, and
// derives one for each request: here with the adapter and without it.
func Example_sharedModel() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{Adapters: []string{adapter}, LoRA: model.Unmerged})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	extractor, err := ner.New(m, ner.WithTasks(prompt.Chemicals), ner.WithMaxNewTokens(12))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"", model.Base} {
		request, err := extractor.With(ner.WithAdapter(name))
		if err != nil {
			log.Fatal(err)
		}
		for result, err := range request.Extract(ctx, document.Document{Text: "Lithium may cause tremor."}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s, adapter %q\n", result.Model.Name, result.Model.Adapter)
		}
	}
	// Output:
	// tiny-llama, adapter "plain"
	// tiny-llama, adapter ""
}
