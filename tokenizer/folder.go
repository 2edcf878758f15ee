package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
)

// The files of a folder that name added tokens. transformers reads the last two
// only where the first one has no added_tokens_decoder.
const (
	vocabularyFile = "tokenizer.json"
	configFile     = "tokenizer_config.json"
	specialFile    = "special_tokens_map.json"
	addedFile      = "added_tokens.json"
)

// The field of special tokens without names, and its name in older versions.
const (
	extraField      = "extra_special_tokens"
	additionalField = "additional_special_tokens"
)

// loadFolder reads the tokenizer.json of a folder, and the added tokens that its
// neighbours name.
func loadFolder(dir string) (*Tokenizer, error) {
	beside := map[string][]byte{}
	for _, name := range []string{vocabularyFile, configFile, specialFile, addedFile} {
		data, err := files.Read(filepath.Join(dir, name), maxFile, "a "+name)
		switch {
		case err == nil:
			beside[name] = data
		case name == vocabularyFile || !errors.Is(err, os.ErrNotExist):
			return nil, err
		}
	}
	return parseFolder(dir, beside)
}

// parseFolder makes a tokenizer of the files of a folder, by their names.
func parseFolder(dir string, contents map[string][]byte) (*Tokenizer, error) {
	path := filepath.Join(dir, vocabularyFile)
	f, err := decodeFile(path, contents[vocabularyFile])
	if err != nil {
		return nil, err
	}
	more, err := namedTokens(dir, contents, f)
	if err != nil {
		return nil, err
	}
	return f.tokenizer(path, more)
}

// namedToken is a token that a neighbour of tokenizer.json names.
type namedToken struct {
	addedToken
	file, field string
	always      bool // added even if there is such an added token already, whose flags may differ
	text        bool // given as a string, without flags
	open        bool // given without saying whether it is looked for in normalized text
}

func (n namedToken) wrong(found, want string) error {
	return badinput.New(n.file, n.field, found, want)
}

// settings are the fields of tokenizer_config.json with those of
// special_tokens_map.json, each with the file that it comes from.
type settings struct {
	names  []string // the fields in order
	values map[string]setting
}

type setting struct {
	file string
	raw  json.RawMessage
}

func (s *settings) set(name string, v setting) {
	if _, ok := s.values[name]; !ok {
		s.names = append(s.names, name)
	}
	s.values[name] = v
}

// merge sets the fields of a file, of which the last of equal names counts.
func (s *settings) merge(file string, data []byte) error {
	if data == nil {
		return nil
	}
	return eachField(file, "", data, func(name string, raw json.RawMessage) error {
		s.set(name, setting{file, raw})
		return nil
	})
}

// eachField calls field with the fields of an object in order.
func eachField(file, path string, data []byte, field func(name string, raw json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return badinput.New(file, path, clip.Text(data), "a JSON object")
	}
	for d.More() {
		var raw json.RawMessage
		name, err := d.Token()
		if err == nil {
			err = d.Decode(&raw)
		}
		if err != nil {
			return badinput.Wrap(file, path, err)
		}
		if err := field(name.(string), raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return badinput.Wrap(file, path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return badinput.New(file, path, "more after the object", "one object")
	}
	return nil
}

func null(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// namedAttributes are the fields that name a special token, in the order in which
// transformers adds the tokens.
var namedAttributes = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// namedTokens returns the tokens that the neighbours of tokenizer.json name, in
// the order in which transformers adds them: added_tokens_decoder by its ids, the
// tokens with a name of their own, and the extra special ones.
func namedTokens(dir string, contents map[string][]byte, f *fileJSON) ([]namedToken, error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	s := &settings{values: map[string]setting{}}
	if err := s.merge(in(configFile), contents[configFile]); err != nil {
		return nil, err
	}
	decoder := s.values["added_tokens_decoder"]
	var special []byte // special_tokens_map.json, if it is read
	if null(decoder.raw) {
		special = contents[specialFile]
	}
	withNames, extra, err := s.extra(in(specialFile), special)
	if err != nil {
		return nil, err
	}
	named, err := s.attributes(f)
	if err != nil {
		return nil, err
	}
	named = append(named, withNames...)
	var byID []namedToken
	if null(decoder.raw) {
		var last map[string]addedToken
		byID, last, err = legacyTokens(in(addedFile), contents[addedFile], slices.Concat(named, extra), f.AddedTokens)
		for i, t := range named {
			if a, ok := last[t.Content]; ok && !isTokenField(t.field) {
				named[i].addedToken = a
			}
		}
	} else {
		byID, err = decoderTokens(decoder)
	}
	if err != nil {
		return nil, err
	}
	isNamed := make(map[string]bool, len(named))
	for _, t := range named {
		isNamed[t.Content] = true
	}
	all := slices.Concat(byID, named, extra)
	for i, t := range all {
		if isNamed[t.Content] && !t.Special {
			all[i].Special, all[i].Normalized = true, t.Normalized && !t.open
		}
	}
	return all, nil
}

func emptyJSON(raw json.RawMessage) bool {
	return slices.Contains([]string{"", "null", "[]", "{}", `""`}, strings.Join(strings.Fields(string(raw)), ""))
}

// extra merges the fields of special_tokens_map.json, if that is given, and returns the
// extra special tokens: those to which tokenizer_config.json gives names, in an object,
// and the others, in lists. Where no field has the newer name, the older one counts.
func (s *settings) extra(file string, special []byte) (withNames, others []namedToken, err error) {
	if emptyJSON(s.values[extraField].raw) {
		if v, ok := s.values[additionalField]; ok {
			s.set(extraField, v)
		}
	}
	v := s.values[extraField]
	tokens, err := extraTokens(v)
	if err != nil {
		return nil, nil, err
	}
	if !emptyJSON(v.raw) && v.raw[0] == '{' {
		withNames = tokens
		delete(s.values, extraField)
	} else {
		others = tokens
	}
	if err := s.merge(file, special); err != nil {
		return nil, nil, err
	}
	v, there := s.values[extraField]
	switch {
	case !there:
		others, err = extraTokens(s.values[additionalField])
	case v.file == file:
		tokens, err = extraTokens(v)
		others = append(others, tokens...)
	}
	return withNames, others, err
}
