package main

import (
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
)

// openText finds tokenizer and chat template of the model that is called name,
// without its weights; name may be the path of a tokenizer.json too.
func openText(name string) (*checkpoint.Text, error) {
	files, err := modelstore.Locate(name)
	if err != nil {
		return nil, err
	}
	return checkpoint.OpenText(files.Base)
}

// openTokenizer finds the tokenizer of the model that is called name.
func openTokenizer(name string) (*tokenizer.Tokenizer, error) {
	text, err := openText(name)
	if err != nil {
		return nil, err
	}
	return text.Tokenizer()
}
