package ner_test

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

func ExampleOpen() {
	ctx := context.Background()
	extractor, err := ner.Open(ctx, "") // the default model; medner fetch-default brings it
	var missing *ner.NotFetchedError
	if errors.As(err, &missing) {
		log.Fatalf("%v: %s", missing, missing.Hint())
	}
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

// One model serves two extractors, one with an adapter and one without, and the
// program's own requests.
func ExampleNew() {
	ctx := context.Background()
	m, err := model.Open(ctx, "../testdata/goldens/tiny-llama-nf4", model.Options{
		Adapters: []string{"../testdata/goldens/adapters/rslora"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	short := ner.WithMaxNewTokens(8)
	adapted, err := ner.New(m, short)
	if err != nil {
		log.Fatal(err)
	}
	base, err := ner.New(m, short, ner.WithAdapter(model.Base))
	if err != nil {
		log.Fatal(err)
	}
	for _, extractor := range []*ner.Extractor{adapted, base} {
		for result, err := range extractor.Extract(ctx, document.Document{Text: "Lithium and tremor"}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s, adapter %q\n", result.Model.Name, result.Model.Adapter)
		}
	}
	written, err := m.Generate(ctx, model.Request{Tokens: []int32{1, 640, 12, 77}, MaxNewTokens: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written.IDs())
	// Output:
	// tiny-llama-nf4, adapter "rslora"
	// tiny-llama-nf4, adapter ""
	// [310 135 1419]
}

// A service derives an extractor for each request from one that it holds.
func ExampleExtractor_With() {
	ctx := context.Background()
	extractor, err := ner.Open(ctx, "../testdata/goldens/tiny-llama", ner.WithMaxNewTokens(8))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = extractor.Close() }()
	request, err := extractor.With(ner.WithTasks(prompt.Chemicals), ner.WithReplies(func(r ner.Reply) {
		fmt.Println("asked for", r.Task)
	}))
	if err != nil {
		log.Fatal(err)
	}
	for _, err := range request.Extract(ctx, document.Document{Text: "Lithium and tremor"}) {
		if err != nil {
			log.Fatal(err)
		}
	}
	// Output: asked for chemicals
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
