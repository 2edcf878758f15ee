package eval_test

import (
	"context"
	"fmt"
	"log"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
)

// One disease of two was found.
func ExampleEvaluate() {
	mention := func(text string, start int) document.Entity {
		return document.Entity{Text: text, Type: document.Disease, Spans: []document.Span{{Start: start, End: start + len(text)}}}
	}
	const text = "Lithium causes tremor and nausea."
	gold := []document.Document{{ID: "1", Text: text, Entities: []document.Entity{mention("tremor", 15), mention("nausea", 26)}}}
	predicted := []document.Document{{ID: "1", Text: text, Entities: []document.Entity{mention("tremor", 15)}}}
	report, err := eval.Evaluate(context.Background(), gold, predicted, eval.Options{Tasks: []string{eval.Diseases}})
	if err != nil {
		log.Fatal(err)
	}
	score := report.Tasks[eval.Diseases]
	fmt.Printf("precision %.2f, recall %.2f, F1 %.2f\n", score.Precision, score.Recall, score.F1)
	for _, e := range report.Errors {
		fmt.Println(e.Kind, e.Count, e.Examples)
	}
	// Output:
	// precision 1.00, recall 0.50, F1 0.67
	// missed 1 [{1  nausea}]
}
