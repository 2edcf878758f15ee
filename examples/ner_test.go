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

// A service annotates articles. A bad one, here one that isn't UTF-8, stops no
// other.
func Example_ner() {
	ctx := context.Background()
	extractor, err := ner.Open(ctx, tinyLlama, ner.WithTasks(prompt.Chemicals), ner.WithMaxNewTokens(12))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = extractor.Close() }()
	articles := []document.Document{
		{ID: "good", Text: "Lithium may cause tremor."},
		{ID: "bad", Text: "\xff"},
	}
	for result, err := range extractor.Extract(ctx, articles...) {
		var of *ner.DocumentError
		if errors.As(err, &of) {
			fmt.Println("bad:", of.Document)
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
		fmt.Println(result.ID, result.Model.Name, len(result.Warnings))
	}
	// Output:
	// good tiny-llama 0
	// bad: bad
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
