package embedder

import (
	"context"
	"errors"
	"fmt"
	"log"

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
