package checkpoint

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/internal/gguf"
	"github.com/medner/medner/tokenizer"
)

// ggufText is the text part of a GGUF file's metadata.
type ggufText struct{ file *gguf.File }

const (
	templateKey   = "tokenizer.chat_template"
	vocabularyKey = "tokenizer.ggml.model"
	tokensKey     = "tokenizer.ggml.tokens"
)

func (g ggufText) chatTemplate() (string, error) {
	if !g.file.Has(templateKey) {
		return "", nil
	}
	return g.file.String(templateKey)
}

// tokenizer makes the tokenizer of the vocabulary under tokenizer.ggml.
// tokenizer builds the tokenizer from the vocabulary.
func (g ggufText) tokenizer() (*tokenizer.Tokenizer, error) {
	v, err := g.vocabulary()
	if err != nil {
		return nil, err
	}
	return tokenizer.FromGGUF(v)
}

func (g ggufText) vocabulary() (v tokenizer.GGUFVocabulary, err error) {
	v = tokenizer.GGUFVocabulary{File: g.file.Path(), Pre: "default"}
	if v.Model, err = g.file.String(vocabularyKey); err != nil {
		return v, err
	}
	if v.Tokens, err = g.file.Strings(tokensKey); err != nil {
		return v, err
	}
	errs := []error{
		optional(g, "pre", g.file.String, func(s string) { v.Pre = s }),
		optional(g, "token_type", g.file.Ints, func(list []int32) { v.Types = list }),
		optional(g, "scores", g.file.Floats, func(list []float32) { v.Scores = list }),
		optional(g, "merges", g.file.Strings, func(list []string) { v.Merges = list }),
		optional(g, "bos_token_id", g.id, func(id int32) { v.BOS = &id }),
		optional(g, "eos_token_id", g.id, func(id int32) { v.EOS = &id }),
		optional(g, "unknown_token_id", g.id, func(id int32) { v.Unknown = &id }),
		optional(g, "add_bos_token", g.file.Bool, func(b bool) { v.AddBOS = &b }),
		optional(g, "add_eos_token", g.file.Bool, func(b bool) { v.AddEOS = &b }),
		optional(g, "add_space_prefix", g.file.Bool, func(b bool) { v.AddSpacePrefix = &b }),
	}
	for _, err := range errs {
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// optional reads a key under tokenizer.ggml if it is there.
func optional[T any](g ggufText, key string, read func(string) (T, error), set func(T)) error {
	key = "tokenizer.ggml." + key
	if !g.file.Has(key) {
		return nil
	}
	v, err := read(key)
	if err == nil {
		set(v)
	}
	return err
}

// id reads a token id.
func (g ggufText) id(key string) (int32, error) {
	n, err := g.file.Int(key)
	if err == nil && int(int32(n)) != n {
		err = badinput.New(g.file.Path(), key, strconv.Itoa(n), "a token id")
	}
	return int32(n), err
}

// files makes what a directory would have: the tokenizer's files only where
// the file has a vocabulary.
func (g ggufText) files(c *Checkpoint) (map[string][]byte, error) {
	files := map[string][]byte{}
	template, err := g.chatTemplate()
	if err != nil {
		return nil, err
	}
	if template != "" {
		files[templateFile] = []byte(template)
	}
	generation := map[string]any{"eos_token_id": c.Generation.EosTokenIDs}
	if id := c.Generation.BosTokenID; id >= 0 {
		generation["bos_token_id"] = id
	}
	if files[generationFile], err = json.MarshalIndent(generation, "", "  "); err != nil {
		return nil, err
	}
	if !g.file.Has(vocabularyKey) {
		return files, nil
	}
	t, err := g.tokenizer()
	if err != nil {
		return nil, err
	}
	if files[tokenizerFile], err = t.MarshalJSON(); err != nil {
		return nil, err
	}
	files[tokenizerConfigFile], err = g.tokenizerConfig()
	return files, err
}

// tokenizerConfig names the special tokens as tokenizer_config.json does.
func (g ggufText) tokenizerConfig() ([]byte, error) {
	config := map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	tokens, err := g.file.Strings(tokensKey)
	if err != nil {
		return nil, err
	}
	for field, key := range map[string]string{"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"} {
		key = "tokenizer.ggml." + key + "_token_id"
		if !g.file.Has(key) {
			continue
		}
		id, err := g.file.Int(key)
		if err != nil {
			return nil, err
		}
		if id < 0 || id >= len(tokens) {
			return nil, badinput.New(g.file.Path(), key, strconv.Itoa(id), fmt.Sprintf("the id of one of %d tokens", len(tokens)))
		}
		config[field] = tokens[id]
	}
	return json.MarshalIndent(config, "", "  ")
}
