package ner_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
)

func ExampleOpen() {
	ctx := context.Background()
	extractor, err := ner.Open(ctx, "") // the default model; medner fetch-default brings it
	if err != nil {
		log.Fatal(err)
	}
	defer extractor.Close()
	doc := document.Document{ID: "1", Text: "Famotidine-associated delirium. A series of six cases."}
	for result, err := range extractor.Extract(ctx, doc) {
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range result.Entities {
			fmt.Println(e.Type, e.Text, e.Spans, e.Confidence)
		}
	}
}

// A bad document, here one that isn't UTF-8, stops no other.
func ExampleExtractor_Extract() {
	ctx := context.Background()
	extractor, err := ner.Open(ctx, "../testdata/goldens/tiny-llama", ner.WithMaxNewTokens(8))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = extractor.Close() }()
	docs := []document.Document{{ID: "1", Text: "\xff"}, {ID: "2", Text: "Lithium and tremor"}}
	for result, err := range extractor.Extract(ctx, docs...) {
		var bad *ner.DocumentError
		switch {
		case errors.As(err, &bad):
			fmt.Println("document", bad.Document, "is bad")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("document", result.ID, "was annotated by", result.Model.Name)
		}
	}
	// Output:
	// document 1 is bad
	// document 2 was annotated by tiny-llama
}
