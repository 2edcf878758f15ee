package embedder

import (
	"fmt"

	"github.com/medner/medner/ner/document"
)

// A program that counts in bytes makes an annotation, whose offsets count code
// points.
func Example_document() {
	const text = "β-blockers may cause bradycardia."
	index := document.NewIndex(text)
	const byteStart = len("β-blockers may cause ")
	start, _ := index.CodePoint(byteStart)
	end, _ := index.CodePoint(byteStart + len("bradycardia"))
	d := document.Document{ID: "1", Text: text, Entities: []document.Entity{{
		Text:     "bradycardia",
		Type:     document.Disease,
		Spans:    []document.Span{{Start: start, End: end}},
		Grounded: true,
	}}}
	mention, _ := index.Slice(d.Entities[0].Spans[0])
	fmt.Println(d.Entities[0].Spans[0], mention)
	// Output:
	// {21 32} bradycardia
}
