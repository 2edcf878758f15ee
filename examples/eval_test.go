package embedder

import (
	"context"
	"fmt"
	"log"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
)

// A nightly job scores what a model found against what experts marked.
func Example_eval() {
	gold := []document.Document{{ID: "1", Text: "Lithium causes tremor and nausea.", Entities: []document.Entity{
		mention("Lithium", document.Chemical, 0), mention("tremor", document.Disease, 15), mention("nausea", document.Disease, 26),
	}}}
	predicted := []document.Document{{ID: "1", Text: gold[0].Text, Entities: []document.Entity{
		mention("Lithium", document.Chemical, 0), mention("tremor", document.Disease, 15),
	}}}
	report, err := eval.Evaluate(context.Background(), gold, predicted, eval.Options{Tasks: []string{eval.Chemicals, eval.Diseases}})
	if err != nil {
		log.Fatal(err)
	}
	diseases := report.Tasks[eval.Diseases]
	fmt.Printf("diseases: precision %.2f, recall %.2f, F1 %.2f\n", diseases.Precision, diseases.Recall, diseases.F1)
	strict := report.Levels[eval.MentionStrict].Micro
	fmt.Printf("strict mentions: F1 %.2f\n", strict.F1)
	// Output:
	// diseases: precision 1.00, recall 0.50, F1 0.67
	// strict mentions: F1 0.80
}

func mention(text, kind string, start int) document.Entity {
	return document.Entity{Text: text, Type: kind, Spans: []document.Span{{Start: start, End: start + len(text)}}, Grounded: true}
}
