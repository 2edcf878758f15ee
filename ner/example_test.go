package ner_test

import (
	"context"
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
