package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
)

// Limits on what a tokenizer.json may hold. The largest vocabularies in use
// have some 260,000 tokens and 20 MB.
const (
	maxFile  = 256 << 20
	maxID    = 1<<21 - 1
	maxToken = 1 << 12 // bytes of a token
	maxAdded = 256     // bytes of an added token
)

const fileVersion = "1.0"

// fileJSON is a tokenizer.json.
type fileJSON struct {
	Version     string       `json:"version"`
	Truncation  any          `json:"truncation"` // not applied, as in transformers
	Padding     any          `json:"padding"`
	AddedTokens []addedToken `json:"added_tokens"`
	componentsJSON
	Model modelJSON `json:"model"`
}

type componentsJSON struct {
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
}

type modelJSON struct {
	Type         string     `json:"type"`
	Dropout      *float64   `json:"dropout"`
	UnkToken     *string    `json:"unk_token"`
	Prefix       *string    `json:"continuing_subword_prefix"`
	Suffix       *string    `json:"end_of_word_suffix"`
	FuseUnk      bool       `json:"fuse_unk"`
	ByteFallback bool       `json:"byte_fallback"`
	IgnoreMerges bool       `json:"ignore_merges"`
	Vocab        vocabJSON  `json:"vocab"`
	Merges       mergesJSON `json:"merges"`
}

// Load reads a tokenizer. A path of a folder means its tokenizer.json with the
// added tokens that tokenizer_config.json, special_tokens_map.json and
// added_tokens.json name, as transformers reads a model's folder. The path of a
// tokenizer.json means that file alone, as the tokenizers library reads it. A file
// that is broken, or that holds what this package doesn't know, is a badinput
// error.
func Load(path string) (*Tokenizer, error) {
	if info, err := files.Stat(path); err == nil && info.IsDir() {
		return loadFolder(path)
	}
	data, err := files.Read(path, maxFile, "a "+filepath.Base(path))
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse reads the content of a tokenizer.json. Errors call the file name.
func Parse(name string, data []byte) (*Tokenizer, error) {
	f, err := decodeFile(name, data)
	if err != nil {
		return nil, err
	}
	return f.tokenizer(name, nil)
}

// decodeFile reads the fields of a tokenizer.json.
func decodeFile(name string, data []byte) (*fileJSON, error) {
	if len(data) > maxFile {
		return nil, badinput.New(name, "", fmt.Sprintf("more than %d MB", maxFile>>20), "a tokenizer.json")
	}
	f := &fileJSON{}
	if err := json.Unmarshal(data, f); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) {
			return nil, badinput.New(name, clip.Text(typ.Field), "a JSON "+clip.Text(typ.Value), typ.Type.String())
		}
		return nil, badinput.Wrap(name, "", err)
	}
	if f.Version != fileVersion {
		return nil, badinput.New(name, "version", fmt.Sprintf("%q", clip.Text(f.Version)), fmt.Sprintf("%q", fileVersion))
	}
	if f.Model.Type != "BPE" && (f.Model.Type != "" || f.Model.Merges == nil) {
		return nil, badinput.New(name, "model.type", fmt.Sprintf("%q", clip.Text(f.Model.Type)), `"BPE"`)
	}
	return f, nil
}

// tokenizer makes a tokenizer of the file, with more added tokens.
func (f *fileJSON) tokenizer(name string, more []namedToken) (*Tokenizer, error) {
	b := builder{name: name, more: more, vocab: &vocabulary{ids: make(map[string]int32, len(f.Model.Vocab))}}
	for _, v := range f.Model.Vocab {
		b.token(v.token, v.id)
	}
	merges := make([]mergeRule, 0, len(f.Model.Merges))
	for i, m := range f.Model.Merges {
		merges = append(merges, b.merge(i, m))
	}
	f.Model.Vocab, f.Model.Merges = nil, nil
	return b.build(f.AddedTokens, f.componentsJSON, f.Model, merges)
}

// MarshalJSON writes the object's keys in order.
func (v vocabJSON) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, e := range v {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := plainJSON(e.token)
		if err != nil {
			return nil, err
		}
		out = append(append(out, key...), ':')
		out = fmt.Appendf(out, "%d", e.id)
	}
	return append(out, '}'), nil
}

// plainJSON does what json.Marshal does, without its escapes for HTML.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
