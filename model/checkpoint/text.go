package checkpoint

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/tokenizer"
)

// text is the part of a layout that is about text and not about weights.
type text interface {
	chatTemplate() (string, error)
	tokenizer() (*tokenizer.Tokenizer, error)
	files(c *Checkpoint) (map[string][]byte, error)
}

// Tokenizer reads the tokenizer.
func (c *Checkpoint) Tokenizer() (*tokenizer.Tokenizer, error) { return c.source.tokenizer() }

// TextFiles are the files, by name, that a directory in the layout of the
// Hugging Face hub has beside config.json and the weights: tokenizer, chat
// template, generation_config.json, licence. For a GGUF file they are made
// from its metadata.
func (c *Checkpoint) TextFiles() (map[string][]byte, error) { return c.source.files(c) }

// ChatTemplate is the source of the template, in Jinja, that turns a
// conversation into a prompt; empty where the model has none.
func (c *Checkpoint) ChatTemplate() (string, error) { return c.source.chatTemplate() }

type directoryText struct{ dir string }

const (
	templateFile        = "chat_template.jinja"
	tokenizerConfigFile = "tokenizer_config.json"
	tokenizerFile       = "tokenizer.json"
)

// chatTemplate reads chat_template.jinja, or the field of
// tokenizer_config.json where older versions kept it: a string, or a list of
// named ones.
func (d directoryText) chatTemplate() (string, error) {
	data, err := files.Read(filepath.Join(d.dir, templateFile), maxText, "a template")
	if err == nil {
		return string(data), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	path := filepath.Join(d.dir, tokenizerConfigFile)
	data, err = files.Read(path, maxText, "a tokenizer's configuration")
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	return parseTemplate(path, config.Template)
}

func parseTemplate(path string, raw json.RawMessage) (source string, err error) {
	if len(raw) == 0 || raw[0] != '[' {
		if len(raw) > 0 {
			err = json.Unmarshal(raw, &source)
		}
		if err != nil {
			return "", badinput.Wrap(path, "chat_template", err)
		}
		return source, nil
	}
	var named []struct {
		Name   string `json:"name"`
		Source string `json:"template"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return "", badinput.Wrap(path, "chat_template", err)
	}
	for _, t := range named {
		if t.Name == "default" {
			return t.Source, nil
		}
	}
	return "", badinput.New(path, "chat_template", "no template named default", "one")
}

func (d directoryText) tokenizer() (*tokenizer.Tokenizer, error) {
	return tokenizer.Load(filepath.Join(d.dir, tokenizerFile))
}

// files returns the known text files that are there.
func (d directoryText) files(*Checkpoint) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, name := range []string{
		tokenizerFile, tokenizerConfigFile, templateFile, generationFile,
		"special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
		"LICENSE", "LICENSE.txt", "NOTICE", "USE_POLICY.md",
	} {
		data, err := files.Read(filepath.Join(d.dir, name), maxText, "a text")
		switch {
		case err == nil:
			texts[name] = data
		case !errors.Is(err, os.ErrNotExist):
			return nil, err
		}
	}
	return texts, nil
}
