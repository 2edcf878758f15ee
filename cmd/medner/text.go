package main

import (
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// loadTokenizer reads a tokenizer without its model: of a directory, a
// tokenizer.json, a GGUF file, or the default model.
func loadTokenizer(path string) (*tokenizer.Tokenizer, error) {
	path, err := textSource(path)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(filepath.Ext(path), ".json") {
		return tokenizer.Load(path)
	}
	if isDir(path) {
		return tokenizer.Load(filepath.Join(path, "tokenizer.json"))
	}
	files, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	return files.Tokenizer()
}

// loadTemplate reads a chat template without its model.
func loadTemplate(path string) (*chat.Template, error) {
	path, err := textSource(path)
	if err != nil {
		return nil, err
	}
	if isDir(path) {
		return chat.Load(path)
	}
	files, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	source, err := files.ChatTemplate()
	if err != nil {
		return nil, err
	}
	tok, err := files.Tokenizer()
	if err != nil {
		return nil, err
	}
	var names chat.Tokens
	if id := files.Config.BosTokenID; id >= 0 {
		names.BOS = tok.Token(id)
	}
	if ids := files.Config.EosTokenIDs; len(ids) > 0 {
		names.EOS = tok.Token(ids[0])
	}
	return chat.FromSource(source, names)
}

// textSource is where tokenizer and template are: path, or the default model.
func textSource(path string) (string, error) {
	if path == "" {
		files, err := modelstore.Locate("")
		if err != nil {
			return "", err
		}
		return files.Base, nil
	}
	if _, err := files.Stat(path); err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	return path, nil
}
