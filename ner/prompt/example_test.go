package prompt_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/ner/prompt"
)

// A built-in profile, as a model with ChatML's marks is asked with it.
func Example() {
	p, err := prompt.Load("simple")
	if err != nil {
		log.Fatal(err)
	}
	user, article := p.User(prompt.Diseases, "Lithium and tremor")
	fmt.Println(prompt.ChatML.Render(p.System, user).Text)
	fmt.Printf("the article: %q\n", user[article[0]:article[1]])
	// Output:
	// <|im_start|>system
	// You are a medical NER expert. Extract the requested entities from medical texts accurately.<|im_end|>
	// <|im_start|>user
	// The following article contains technical terms including diseases, drugs and chemicals. Create a list only of the diseases mentioned.
	//
	// Lithium and tremor
	//
	// List of extracted diseases:
	// <|im_end|>
	// <|im_start|>assistant
	//
	// the article: "Lithium and tremor"
}
