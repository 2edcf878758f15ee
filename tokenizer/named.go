package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// attributes returns the tokens with a name of their own: those of
// namedAttributes, and those of other fields that end with _token.
func (s *settings) attributes(f *fileJSON) (tokens []namedToken, err error) {
	if _, ok := s.values["pad_token"]; !ok && f.Padding != nil {
		if p, ok := f.Padding.(map[string]any); ok {
			if name, ok := p["pad_token"].(string); ok {
				s.set("pad_token", setting{vocabularyFile, mustJSON(name)})
			}
		}
	}
	for _, name := range namedAttributes {
		t, ok, err := s.token(name, true)
		if err != nil {
			return nil, err
		}
		if ok {
			tokens = append(tokens, t)
		}
	}
	var last []namedToken // tokens that tokenizer_config.json names by their text alone
	for _, name := range s.names {
		if !isTokenField(name) {
			continue
		}
		t, ok, _ := s.token(name, false) // other values, such as add_bos_token's, name no token
		switch {
		case !ok:
		case t.text && filepath.Base(t.file) == configFile:
			last = append(last, t)
		default:
			tokens = append(tokens, t)
		}
	}
	return append(tokens, last...), nil
}

// isTokenField reports whether a field that isn't one of namedAttributes may name
// a token.
func isTokenField(name string) bool {
	return strings.HasSuffix(name, "_token") && !slices.Contains(namedAttributes, name)
}

// token returns the token that a field names, and false if the field is missing or names
// none. If must is true, a value that can't be a token is an error.
func (s *settings) token(name string, must bool) (namedToken, bool, error) {
	v, ok := s.values[name]
	if !ok || null(v.raw) {
		return namedToken{}, false, nil
	}
	if !must && v.raw[0] == '{' && filepath.Base(v.file) != specialFile && !bytes.Contains(v.raw, []byte(`"__type"`)) {
		return namedToken{}, false, nil
	}
	t, err := parseNamed(v.file, name, v.raw)
	return t, err == nil, err
}

// parseNamed reads a token: its text, or an object with its flags. The text alone
// is a special token that isn't looked for in normalized text; an object of
// special_tokens_map.json is special whatever it says.
func parseNamed(file, field string, raw json.RawMessage) (t namedToken, err error) {
	t = namedToken{file: file, field: field}
	t.Special = true
	if t.text = json.Unmarshal(raw, &t.Content) == nil; !t.text {
		return parseFlags(file, field, raw, filepath.Base(file) == specialFile)
	}
	return t, nil
}

// parseFlags reads an added token as an object. A token that isn't special is
// looked for in the normalized text, unless the object says otherwise.
func parseFlags(file, field string, raw json.RawMessage, special bool) (namedToken, error) {
	var t struct {
		Content                *string
		Single, LStrip, RStrip bool
		Normalized, Special    *bool
	}
	into := map[string]any{ // package json would take other cases of letters for these names
		"content": &t.Content, "single_word": &t.Single, "lstrip": &t.LStrip, "rstrip": &t.RStrip, "normalized": &t.Normalized, "special": &t.Special,
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	for name, value := range fields {
		if field, known := into[name]; known && err == nil {
			err = json.Unmarshal(value, field)
		}
	}
	if err != nil || t.Content == nil {
		return namedToken{}, badinput.New(file, field, clip.Text(raw), "a token: a string, or an object with content and flags")
	}
	a := namedToken{file: file, field: field, open: t.Normalized == nil}
	a.Content, a.SingleWord, a.LStrip, a.RStrip = *t.Content, t.Single, t.LStrip, t.RStrip
	a.Special = special || t.Special != nil && *t.Special
	a.Normalized = !a.Special
	if t.Normalized != nil {
		a.Normalized = *t.Normalized
	}
	return a, nil
}

// extraTokens returns the special tokens of extra_special_tokens: a list, or an
// object that gives them names.
func extraTokens(v setting) (tokens []namedToken, err error) {
	if emptyJSON(v.raw) {
		return nil, nil
	}
	add := func(field string, raw json.RawMessage) error {
		if null(raw) {
			return nil
		}
		t, err := parseNamed(v.file, field, raw)
		tokens = append(tokens, t)
		return err
	}
	if v.raw[0] == '{' {
		err = eachField(v.file, extraField, v.raw, func(name string, raw json.RawMessage) error {
			return add(extraField+"."+name, raw)
		})
		return tokens, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(v.raw, &list); err != nil {
		return nil, badinput.New(v.file, extraField, clip.Text(v.raw), "a list of tokens")
	}
	for i, raw := range list {
		if err := add(fmt.Sprintf("%s[%d]", extraField, i), raw); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// decoderTokens returns the tokens of added_tokens_decoder in the order of their
// ids. The ids say no more than that: a token gets the next one that is free.
func decoderTokens(v setting) (tokens []namedToken, err error) {
	const path = "added_tokens_decoder"
	byID := map[int64]namedToken{}
	err = eachField(v.file, path, v.raw, func(name string, raw json.RawMessage) error {
		field := fmt.Sprintf("%s[%q]", path, clip.Text(name))
		id, err := strconv.ParseInt(strings.TrimSpace(name), 10, 64)
		if err != nil {
			return badinput.New(v.file, field, "no number", "a token's id")
		}
		t, err := parseFlags(v.file, field, raw, false)
		t.always = true
		byID[id] = t
		return err
	})
	return byOrder(byID), err
}

// legacyTokens returns the tokens of added_tokens.json and of tokenizer.json in the
// order of their ids. If both files have a token for an id, the one of tokenizer.json
// counts. last holds the tokens of both files by their contents, also tokens that lost
// their id to another.
func legacyTokens(file string, data []byte, special []namedToken, added []addedToken) (tokens []namedToken, last map[string]addedToken, err error) {
	byID, last := map[int64]namedToken{}, map[string]addedToken{}
	names := make(map[string]bool, len(special))
	for _, t := range special {
		// transformers doesn't know the others here: names that aren't usual, and
		// objects of tokenizer_config.json.
		known := !isTokenField(t.field) && (t.text || filepath.Base(t.file) == specialFile)
		names[t.Content] = names[t.Content] || known
	}
	if data != nil {
		err := eachField(file, "", data, func(name string, raw json.RawMessage) error {
			var id int64
			if err := json.Unmarshal(raw, &id); err != nil {
				return badinput.New(file, clip.Text(name), clip.Text(raw), "a token's id")
			}
			t := namedToken{file: file, field: clip.Text(name), always: true}
			t.addedToken = addedToken{Content: name, Special: names[name], Normalized: !names[name]}
			byID[id], last[name] = t, t.addedToken
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for _, a := range added {
		last[a.Content] = a
		byID[int64(a.ID)] = namedToken{addedToken: a, file: vocabularyFile, field: "added_tokens", always: true}
	}
	return byOrder(byID), last, nil
}

func byOrder(byID map[int64]namedToken) []namedToken {
	tokens := make([]namedToken, 0, len(byID))
	for _, id := range slices.SortedFunc(maps.Keys(byID), cmp.Compare[int64]) {
		tokens = append(tokens, byID[id])
	}
	return tokens
}
