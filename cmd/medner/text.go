package main

import (
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
)

// openText finds tokenizer and chat template without the weights: of a
// directory, a tokenizer.json, a GGUF file, or the default model where path is
// empty.
func openText(path string) (*checkpoint.Text, error) {
	if path == "" {
		files, err := modelstore.Locate("")
		if err != nil {
			return nil, err
		}
		path = files.Base
	}
	return checkpoint.OpenText(path)
}

// openTokenizer is openText where the tokenizer alone is needed.
func openTokenizer(path string) (*tokenizer.Tokenizer, error) {
	text, err := openText(path)
	if err != nil {
		return nil, err
	}
	return text.Tokenizer()
}
