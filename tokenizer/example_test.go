package tokenizer_test

import (
	"fmt"

	"github.com/medner/medner/tokenizer"
)

const model = "../testdata/goldens/tiny-llama/tokenizer.json"

func ExampleTokenizer_Encode() {
	t, err := tokenizer.Load(model)
	if err != nil {
		panic(err)
	}
	text := "naïve β-blocker"
	e := t.Encode(text, tokenizer.EncodeOptions{AddSpecial: true})
	for i, id := range e.IDs {
		o := e.Offsets[i]
		fmt.Printf("%d %s %q\n", id, t.Token(id), text[o[0]:o[1]])
	}
	fmt.Println(t.Decode(e.IDs, true))
	// Output:
	// 2032 <|begin_of_text|> ""
	// 77 n "n"
	// 64 a "a"
	// 127 Ã "ï"
	// 107 ¯ "ï"
	// 306 ve "ve"
	// 220 Ġ " "
	// 138 Î "β"
	// 110 ² "β"
	// 990 -b "-b"
	// 1019 lock "lock"
	// 283 er "er"
	// naïve β-blocker
}

func ExampleStream() {
	t, err := tokenizer.Load(model)
	if err != nil {
		panic(err)
	}
	s := t.NewStream(true)
	for _, id := range t.Encode("10 μg", tokenizer.EncodeOptions{}).IDs {
		fmt.Printf("%q ", s.Push(id))
	}
	fmt.Printf("%q\n", s.Flush())
	// Output:
	// "10" " " "" "μ" "g" ""
}
