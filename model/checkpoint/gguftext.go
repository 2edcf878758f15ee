package checkpoint

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/medner/medner/internal/badinput"
	"github.com/medner/medner/model/gguf"
	"github.com/medner/medner/tokenizer"
)

// ggufText is the text part of a GGUF file's metadata.
type ggufText struct{ file *gguf.File }

const (
	templateKey   = "tokenizer.chat_template"
	vocabularyKey = "tokenizer.ggml.model"
)

func (g ggufText) chatTemplate() (string, error) {
	if !g.file.Has(templateKey) {
		return "", nil
	}
	return g.file.String(templateKey)
}

func (g ggufText) tokenizer() (*tokenizer.Tokenizer, error) {
	return nil, badinput.New(g.file.Path(), vocabularyKey, "a vocabulary", "a directory with tokenizer.json")
}

// files makes generation_config.json, tokenizer_config.json and the chat
// template.
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
	if g.file.Has(vocabularyKey) {
		files[tokenizerConfigFile], err = g.tokenizerConfig()
	}
	return files, err
}

// tokenizerConfig names the special tokens as tokenizer_config.json does.
func (g ggufText) tokenizerConfig() ([]byte, error) {
	config := map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	tokens, err := g.file.Strings("tokenizer.ggml.tokens")
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
