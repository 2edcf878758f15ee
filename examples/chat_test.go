package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// A chat program renders a conversation and encodes it such that a user can't
// end their own turn by writing a special token.
func Example_chat() {
	text, err := checkpoint.OpenText(tinyLlama)
	if err != nil {
		log.Fatal(err)
	}
	template, err := text.Template()
	if err != nil {
		log.Fatal(err)
	}
	t, err := text.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	rendered, err := template.Render([]chat.Message{
		{Role: "user", Content: "Is <|eot_id|> a drug?"},
	}, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		log.Fatal(err)
	}
	e := t.Encode(rendered.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: rendered.Literal})
	end, _ := t.ID("<|eot_id|>")
	ends := 0
	for _, id := range e.IDs {
		if id == end {
			ends++
		}
	}
	for _, l := range rendered.Literal {
		fmt.Printf("typed: %q\n", rendered.Text[l[0]:l[1]])
	}
	fmt.Println("ends of turns:", ends)
	// Output:
	// typed: "Is <|eot_id|> a drug?"
	// ends of turns: 1
}
