package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/tokenizer"
)

// An editor underlines tokens: it needs where each lies in the text, in bytes
// or in code points.
func Example_tokenizer() {
	t, err := tokenizer.Load(tinyLlama + "/tokenizer.json")
	if err != nil {
		log.Fatal(err)
	}
	const text = "β-blockers lower it"
	e := t.Encode(text, tokenizer.EncodeOptions{})
	codePoints := e.CharOffsets(text)
	for i, id := range e.IDs {
		bytes := e.Offsets[i]
		fmt.Printf("%4d %-8q bytes %v code points %v\n", id, text[bytes[0]:bytes[1]], bytes, codePoints[i])
	}
	fmt.Println(t.Decode(e.IDs, false) == text)
	// Output:
	// 138 "β"      bytes [0 2] code points [0 1]
	//  110 "β"      bytes [0 2] code points [0 1]
	//  990 "-b"     bytes [2 4] code points [1 3]
	// 1019 "lock"   bytes [4 8] code points [3 7]
	// 1196 "ers"    bytes [8 11] code points [7 10]
	// 1258 " lower" bytes [11 17] code points [10 16]
	//  798 " it"    bytes [17 20] code points [16 19]
	// true
}
