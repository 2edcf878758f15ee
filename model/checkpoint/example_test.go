package checkpoint_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// A program looks at a weight.
func Example() {
	c, err := checkpoint.Open("../../testdata/goldens/tiny-llama")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	m, err := c.Matrix("model.layers.0.self_attn.q_proj.weight")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Format(), m.Rows(), m.Cols())
	// Output: BF16 384 192
}

// A program renders a conversation and encodes it, for which it needs no weights.
func ExampleOpenText() {
	text, err := checkpoint.OpenText("../../testdata/goldens/tiny-mistral")
	if err != nil {
		log.Fatal(err)
	}
	template, err := text.Template()
	var absent *checkpoint.AbsentError
	if errors.As(err, &absent) {
		log.Fatal("a model that doesn't converse")
	}
	if err != nil {
		log.Fatal(err)
	}
	tok, err := text.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	r, err := template.Render([]chat.Message{{Role: "user", Content: "Which drugs?"}}, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		log.Fatal(err)
	}
	ids := tok.Encode(r.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: r.Literal}).IDs
	fmt.Println(r.Text)
	fmt.Println(tok.Decode(ids, true))
	// Output:
	// <s>[INST] Which drugs? [/INST]
	// [INST] Which drugs? [/INST]
}
