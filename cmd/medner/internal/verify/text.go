package verify

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// tokenizerCase is an entry of tokenizer/*.json.
type tokenizerCase struct {
	Text               string   `json:"text"`
	IDs                []int32  `json:"ids"`
	IDsWithoutSpecial  []int32  `json:"ids_without_special"`
	CharOffsets        [][2]int `json:"char_offsets"`
	Decoded            string   `json:"decoded"`
	DecodedSkipSpecial string   `json:"decoded_skip_special"`
}

func (r *run) tokenizers() error {
	files, err := filepath.Glob(r.path("tokenizer", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		model := strings.TrimSuffix(filepath.Base(file), ".json")
		var cases []tokenizerCase
		if err := readJSON(file, &cases); err != nil {
			return err
		}
		if !r.exists(model, "tokenizer.json") {
			r.skip("tokenizer "+model, "no "+model+"/tokenizer.json here")
			continue
		}
		text, err := checkpoint.OpenText(r.path(model))
		if err != nil {
			return err
		}
		tok, err := text.Tokenizer()
		if err != nil {
			return err
		}
		for i, c := range cases {
			r.verdict(fmt.Sprintf("tokenizer %s #%d", model, i), c.difference(tok))
		}
	}
	return nil
}

// difference compares one case, "" where all is equal.
func (c *tokenizerCase) difference(tok *tokenizer.Tokenizer) string {
	e := tok.Encode(c.Text, tokenizer.EncodeOptions{AddSpecial: true, ParseSpecial: true})
	bare := tok.Encode(c.Text, tokenizer.EncodeOptions{ParseSpecial: true})
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case !slices.Equal(e.IDs, c.IDs):
		return fmt.Sprintf("%.40q: ids %v, expected %v", c.Text, e.IDs, c.IDs)
	case !slices.Equal(bare.IDs, c.IDsWithoutSpecial):
		return fmt.Sprintf("%.40q: ids without special tokens %v, expected %v", c.Text, bare.IDs, c.IDsWithoutSpecial)
	case !slices.Equal(e.CharOffsets(c.Text), c.CharOffsets):
		return fmt.Sprintf("%.40q: offsets %v, expected %v", c.Text, e.CharOffsets(c.Text), c.CharOffsets)
	}
	if d := tok.Decode(c.IDs, false); d != c.Decoded {
		return fmt.Sprintf("decoded %.60q, expected %.60q", d, c.Decoded)
	}
	if d := tok.Decode(c.IDs, true); d != c.DecodedSkipSpecial {
		return fmt.Sprintf("decoded without special tokens %.60q, expected %.60q", d, c.DecodedSkipSpecial)
	}
	return ""
}

// chatCase is an entry of chat.json.
type chatCase struct {
	Model    string         `json:"model"`
	Messages []chat.Message `json:"messages"`
	Text     string         `json:"text"`
	IDs      []int32        `json:"ids"`
}

func (r *run) chats() error {
	if !r.exists("chat.json") {
		return nil
	}
	var cases []chatCase
	if err := readJSON(r.path("chat.json"), &cases); err != nil {
		return err
	}
	for i, c := range cases {
		name := fmt.Sprintf("chat %s #%d", c.Model, i)
		if !r.exists(c.Model, "tokenizer.json") {
			r.skip(name, "no "+c.Model+" here")
			continue
		}
		text, err := checkpoint.OpenText(r.path(c.Model))
		if err != nil {
			return err
		}
		tok, err := text.Tokenizer()
		if err != nil {
			return err
		}
		template, err := text.Template()
		if err != nil {
			return err
		}
		got, err := template.Render(c.Messages, chat.Options{AddGenerationPrompt: true})
		if err != nil {
			return err
		}
		ids := tok.Encode(got.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: got.Literal}).IDs
		switch {
		case got.Text != c.Text:
			r.differ(name, "rendered %q, expected %q", got.Text, c.Text)
		case !slices.Equal(ids, c.IDs):
			r.differ(name, "ids %v, expected %v", ids, c.IDs)
		default:
			r.equal(name)
		}
	}
	return nil
}
