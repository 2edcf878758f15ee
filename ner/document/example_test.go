package document_test

import (
	"fmt"

	"github.com/medner/medner/ner/document"
)

// Spans count code points; an index converts them to bytes and back.
func ExampleIndex() {
	const text = "5 μg naloxone"
	index := document.NewIndex(text)
	span := document.Span{Start: 5, End: 13}
	mention, inside := index.Slice(span)
	fmt.Println(mention, inside)
	fmt.Println("bytes", index.Byte(span.Start), "to", index.Byte(span.End), "of", len(text))
	_, boundary := index.CodePoint(3)
	fmt.Println("a code point starts at byte 3:", boundary)
	// Output:
	// naloxone true
	// bytes 6 to 14 of 14
	// a code point starts at byte 3: false
}
