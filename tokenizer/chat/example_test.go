package chat_test

import (
	"fmt"
	"os"

	"github.com/medner/medner/tokenizer/chat"
)

func Example() {
	source, err := os.ReadFile("../../testdata/goldens/tiny-mistral/chat_template.jinja")
	if err != nil {
		panic(err)
	}
	t, err := chat.FromSource(string(source), chat.Tokens{BOS: "<s>", EOS: "</s>"})
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
	// jinja <s>[INST] Which drugs? </s> [/INST]
	// typed: "Which drugs? </s>"
}
