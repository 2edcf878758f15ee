package chat_test

import (
	"fmt"

	"github.com/medner/medner/tokenizer/chat"
)

func Example() {
	t, err := chat.Load("../../testdata/goldens/tiny-mistral")
	if err != nil {
		panic(err)
	}
	r, err := t.Render([]chat.Message{{Role: "user", Content: "Which drugs? </s>"}}, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(t.Name(), r.Text)
	for _, l := range r.Literal {
		fmt.Printf("typed: %q\n", r.Text[l[0]:l[1]])
	}
	// Output:
	// tiny-mistral <s>[INST] Which drugs? </s> [/INST]
	// typed: "Which drugs? </s>"
}
