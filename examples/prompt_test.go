package embedder

import (
	"errors"
	"fmt"
	"log"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/prompt"
)

// A program asks a model in its own words, kept in a file.
func Example_prompt() {
	const file = `{
		"user_turn": "List the {wording}.\n\n{article}",
		"wording": {"chemicals": "drugs", "diseases": "side effects", "influences": "pairs drug | side effect"},
		"profiles": {"mine": {"system": "You annotate articles."}}
	}`
	profiles, err := prompt.Parse("prompts.json", []byte(file))
	if err != nil {
		log.Fatal(err)
	}
	user, article := profiles[0].User(prompt.Chemicals, "Lithium and tremor")
	fmt.Printf("%q\n", prompt.ChatML.Render(profiles[0].System, user).Text)
	fmt.Printf("the article: %q\n", user[article[0]:article[1]])

	_, err = prompt.Parse("prompts.json", []byte(`{"profiles": {}}`))
	var bad *badinput.Error
	fmt.Println(errors.As(err, &bad))
	// Output:
	// "<|im_start|>system\nYou annotate articles.<|im_end|>\n<|im_start|>user\nList the drugs.\n\nLithium and tremor<|im_end|>\n<|im_start|>assistant\n"
	// the article: "Lithium and tremor"
	// true
}
