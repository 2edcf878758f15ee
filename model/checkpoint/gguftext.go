package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/gguf"
	"github.com/medner/medner/tokenizer"
)

// ggufText is the path of a GGUF file, whose metadata holds tokenizer and chat
// template.
type ggufText string

const (
	templateKey   = "tokenizer.chat_template"
	vocabularyKey = "tokenizer.ggml.model"
	tokensKey     = "tokenizer.ggml.tokens"
)

// read opens the file for as long as fn reads its metadata.
func (g ggufText) read(fn func(m ggufMetadata) error) error {
	file, err := gguf.Open(string(g))
	if err != nil {
		return err
	}
	return errors.Join(fn(ggufMetadata{file}), file.Close())
}

func (g ggufText) tokenizer() (tok *tokenizer.Tokenizer, err error) {
	err = g.read(func(m ggufMetadata) error {
		tok, err = m.tokenizer()
		return err
	})
	return tok, err
}

func (g ggufText) template() (source, file string, err error) {
	err = g.read(func(m ggufMetadata) error {
		source, err = m.template()
		return err
	})
	return source, string(g), err
}

// names returns nothing: a GGUF file has ids alone.
func (g ggufText) names() (specialNames, error) { return specialNames{}, nil }

func (g ggufText) ids() (ids specialIDs, err error) {
	err = g.read(func(m ggufMetadata) error {
		ids, err = m.ids()
		return err
	})
	return ids, err
}

func (g ggufText) generation() (*arch.Generation, error) {
	ids, err := g.ids()
	return &arch.Generation{BosTokenID: ids.bos, EosTokenIDs: ids.eos, RepetitionPenalty: 1}, err
}

// files makes what a directory would have: the tokenizer's files only where
// the file has a vocabulary.
func (g ggufText) files(t *Text) (map[string][]byte, error) {
	generation, err := t.Generation()
	if err != nil {
		return nil, err
	}
	hints := map[string]any{"eos_token_id": generation.EosTokenIDs}
	if id := generation.BosTokenID; id >= 0 {
		hints["bos_token_id"] = id
	}
	files := map[string][]byte{}
	if files[generationFile], err = json.MarshalIndent(hints, "", "  "); err != nil {
		return nil, err
	}
	if err := g.read(func(m ggufMetadata) error {
		template, err := m.template()
		if template != "" {
			files[templateFile] = []byte(template)
		}
		if err != nil || !m.file.Has(vocabularyKey) {
			return err
		}
		files[tokenizerConfigFile], err = m.tokenizerConfig()
		return err
	}); err != nil {
		return nil, err
	}
	tok, err := t.Tokenizer()
	var absent *AbsentError
	if errors.As(err, &absent) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	files[tokenizerFile], err = tok.MarshalJSON()
	return files, err
}

// ggufMetadata reads tokenizer and chat template of an open file.
type ggufMetadata struct{ file *gguf.File }

func (m ggufMetadata) template() (string, error) {
	if !m.file.Has(templateKey) {
		return "", nil
	}
	return m.file.String(templateKey)
}

// ids returns the ids that the converter took from config.json: the first one,
// and those that end a text, a turn or a message.
func (m ggufMetadata) ids() (specialIDs, error) {
	ids := specialIDs{bos: -1}
	if err := optional(m, "bos_token_id", m.id, func(id int32) { ids.bos = max(id, -1) }); err != nil {
		return ids, err
	}
	config := &metadata{ggufFile: &ggufFile{file: m.file}}
	for _, id := range config.endIDs() {
		if int(int32(id)) != id {
			return ids, badinput.New(m.file.Path(), "tokenizer.ggml", strconv.Itoa(id), "a token id")
		}
		ids.eos = append(ids.eos, int32(id))
	}
	return ids, config.err
}

// tokenizer makes the tokenizer of the vocabulary under tokenizer.ggml.
func (m ggufMetadata) tokenizer() (*tokenizer.Tokenizer, error) {
	if !m.file.Has(vocabularyKey) {
		return nil, &AbsentError{absentTokenizer, badinput.New(m.file.Path(), vocabularyKey, "nothing", "a vocabulary")}
	}
	v, err := m.vocabulary()
	if err != nil {
		return nil, err
	}
	return tokenizer.FromGGUF(v)
}

func (m ggufMetadata) vocabulary() (v tokenizer.GGUFVocabulary, err error) {
	v = tokenizer.GGUFVocabulary{File: m.file.Path(), Pre: "default"}
	if v.Model, err = m.file.String(vocabularyKey); err != nil {
		return v, err
	}
	if v.Tokens, err = m.file.Strings(tokensKey); err != nil {
		return v, err
	}
	errs := []error{
		optional(m, "pre", m.file.String, func(s string) { v.Pre = s }),
		optional(m, "token_type", m.file.Ints, func(list []int32) { v.Types = list }),
		optional(m, "scores", m.file.Floats, func(list []float32) { v.Scores = list }),
		optional(m, "merges", m.file.Strings, func(list []string) { v.Merges = list }),
		optional(m, "bos_token_id", m.id, func(id int32) { v.BOS = &id }),
		optional(m, "eos_token_id", m.id, func(id int32) { v.EOS = &id }),
		optional(m, "unknown_token_id", m.id, func(id int32) { v.Unknown = &id }),
		optional(m, "add_bos_token", m.file.Bool, func(b bool) { v.AddBOS = &b }),
		optional(m, "add_eos_token", m.file.Bool, func(b bool) { v.AddEOS = &b }),
		optional(m, "add_space_prefix", m.file.Bool, func(b bool) { v.AddSpacePrefix = &b }),
	}
	for _, err := range errs {
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// optional reads a key under tokenizer.ggml if it is there.
func optional[T any](m ggufMetadata, key string, read func(string) (T, error), set func(T)) error {
	key = "tokenizer.ggml." + key
	if !m.file.Has(key) {
		return nil
	}
	v, err := read(key)
	if err == nil {
		set(v)
	}
	return err
}

// id reads a token id.
func (m ggufMetadata) id(key string) (int32, error) {
	n, err := m.file.Int(key)
	if err == nil && int(int32(n)) != n {
		err = badinput.New(m.file.Path(), key, strconv.Itoa(n), "a token id")
	}
	return int32(n), err
}

// tokenizerConfig names the special tokens as tokenizer_config.json does.
func (m ggufMetadata) tokenizerConfig() ([]byte, error) {
	config := map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	tokens, err := m.file.Strings(tokensKey)
	if err != nil {
		return nil, err
	}
	for _, special := range []struct{ field, key string }{{"bos_token", "bos"}, {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"}} {
		key := "tokenizer.ggml." + special.key + "_token_id"
		if !m.file.Has(key) {
			continue
		}
		id, err := m.file.Int(key)
		if err != nil {
			return nil, err
		}
		if id < 0 || id >= len(tokens) {
			return nil, badinput.New(m.file.Path(), key, strconv.Itoa(id), fmt.Sprintf("the id of one of %d tokens", len(tokens)))
		}
		config[special.field] = tokens[id]
	}
	return json.MarshalIndent(config, "", "  ")
}
