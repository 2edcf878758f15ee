package checkpoint

import (
	"encoding/json"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/tokenizer"
)

// directoryText reads the text files of a directory of the Hugging Face hub.
type directoryText struct{ dir string }

const (
	templateFile        = "chat_template.jinja"
	tokenizerConfigFile = "tokenizer_config.json"
	tokenizerFile       = "tokenizer.json"
	specialFile         = "special_tokens_map.json"
)

func (d directoryText) tokenizer() (*tokenizer.Tokenizer, error) {
	path := filepath.Join(d.dir, tokenizerFile)
	if _, err := files.Stat(path); missing(err) {
		return nil, &AbsentError{absentTokenizer, badinput.New(path, "", "no such file", "the model's tokenizer")}
	}
	return tokenizer.Load(d.dir)
}

// tokenizerConfig is what tokenizer_config.json says about the chat template.
// Each field is empty where the file doesn't have it.
type tokenizerConfig struct {
	ChatTemplate json.RawMessage `json:"chat_template"`
	BOS          json.RawMessage `json:"bos_token"`
	EOS          json.RawMessage `json:"eos_token"`
	Added        json.RawMessage `json:"added_tokens_decoder"`
}

// config reads tokenizer_config.json, which may be missing.
func (d directoryText) config() (config tokenizerConfig, path string, err error) {
	path = filepath.Join(d.dir, tokenizerConfigFile)
	data, err := files.Read(path, maxText, "a tokenizer's configuration")
	switch {
	case missing(err):
		return config, path, nil
	case err != nil:
		return config, path, err
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return config, path, badinput.Wrap(path, "", err)
	}
	return config, path, nil
}

// template reads chat_template.jinja, or the field of tokenizer_config.json
// where older versions kept it: a string, or a list of named templates.
func (d directoryText) template() (source, file string, err error) {
	file = filepath.Join(d.dir, templateFile)
	data, err := files.Read(file, maxText, "a template")
	if !missing(err) {
		return string(data), file, err
	}
	config, file, err := d.config()
	if err == nil {
		source, err = defaultTemplate(file, config.ChatTemplate)
	}
	return source, file, err
}

// defaultTemplate returns a template of tokenizer_config.json: the string, or
// the one named default of a list.
func defaultTemplate(path string, raw json.RawMessage) (source string, err error) {
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

func (d directoryText) names() (names specialNames, err error) {
	config, path, err := d.config()
	if err != nil {
		return names, err
	}
	if len(config.Added) == 0 || string(config.Added) == "null" {
		if path, err = d.mapped(path, &config); err != nil {
			return names, err
		}
	}
	if names.bos, err = tokenName(path, "bos_token", config.BOS); err != nil {
		return names, err
	}
	names.eos, err = tokenName(path, "eos_token", config.EOS)
	return names, err
}

// mapped takes the names from special_tokens_map.json where that file has them. It
// returns the file for errors. transformers reads it only where
// tokenizer_config.json has no added_tokens_decoder.
func (d directoryText) mapped(path string, config *tokenizerConfig) (string, error) {
	file := filepath.Join(d.dir, specialFile)
	data, err := files.Read(file, maxText, "the names of special tokens")
	switch {
	case missing(err):
		return path, nil
	case err != nil:
		return file, err
	}
	var named tokenizerConfig
	if err := json.Unmarshal(data, &named); err != nil {
		return file, badinput.Wrap(file, "", err)
	}
	if len(named.BOS) > 0 {
		config.BOS = named.BOS
	}
	if len(named.EOS) > 0 {
		config.EOS = named.EOS
	}
	return file, nil
}

// tokenName reads a token of tokenizer_config.json: its name, an object that
// holds it, or null. It returns nil where the file doesn't have the field.
func tokenName(path, field string, raw json.RawMessage) (*string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var token struct{ Content string }
	if json.Unmarshal(raw, &token.Content) != nil {
		if err := json.Unmarshal(raw, &token); err != nil {
			return nil, badinput.Wrap(path, field, err)
		}
	}
	return &token.Content, nil
}

// ids reads config.json, which may be missing. Of a model that this engine
// doesn't run it still reads the ids.
func (d directoryText) ids() (specialIDs, error) {
	path := filepath.Join(d.dir, configFile)
	data, err := files.Read(path, maxConfig, "a model's configuration")
	switch {
	case missing(err):
		return specialIDs{bos: -1}, nil
	case err != nil:
		return specialIDs{}, err
	}
	if config, err := arch.ParseConfig(path, data); err == nil {
		return specialIDs{config.BosTokenID, config.EosTokenIDs}, nil
	}
	g, err := arch.ParseGeneration(path, data) // which spells the ids as config.json does
	if err != nil {
		return specialIDs{}, err
	}
	return specialIDs{g.BosTokenID, g.EosTokenIDs}, nil
}

func (d directoryText) generation() (*arch.Generation, error) {
	g := &arch.Generation{BosTokenID: -1, RepetitionPenalty: 1}
	path := filepath.Join(d.dir, generationFile)
	data, err := files.Read(path, maxConfig, "a model's configuration")
	switch {
	case err == nil:
		if g, err = arch.ParseGeneration(path, data); err != nil {
			return nil, err
		}
	case !missing(err):
		return nil, err
	}
	if g.BosTokenID >= 0 && len(g.EosTokenIDs) > 0 {
		return g, nil
	}
	ids, err := d.ids()
	if err != nil {
		return nil, err
	}
	if g.BosTokenID < 0 {
		g.BosTokenID = ids.bos
	}
	if len(g.EosTokenIDs) == 0 {
		g.EosTokenIDs = ids.eos
	}
	return g, nil
}

// files returns the known text files that are there.
func (d directoryText) files(*Text) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, name := range []string{
		tokenizerFile, tokenizerConfigFile, templateFile, generationFile,
		specialFile, "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
		"LICENSE", "LICENSE.txt", "NOTICE", "USE_POLICY.md",
	} {
		data, err := files.Read(filepath.Join(d.dir, name), maxText, "a text")
		switch {
		case err == nil:
			texts[name] = data
		case !missing(err):
			return nil, err
		}
	}
	return texts, nil
}
