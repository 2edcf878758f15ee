package tokenizer

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// postProcessor changes an encoding that holds all tokens of a text.
type postProcessor interface {
	process(t *Tokenizer, text string, special bool, e *encoding)
}

// template adds special tokens before and behind those of the text. Their offsets
// are [0, 0).
type template struct{ before, after []int32 }

func (p template) process(_ *Tokenizer, _ string, special bool, e *encoding) {
	if !special {
		return
	}
	for i := range e.found {
		e.found[i].index += len(p.before)
	}
	around := len(p.before) + len(p.after)
	ids := make([]int32, 0, len(e.IDs)+around)
	e.IDs = append(append(append(ids, p.before...), e.IDs...), p.after...)
	offsets := make([][2]int, len(p.before), len(e.Offsets)+around)
	e.Offsets = append(append(offsets, e.Offsets...), make([][2]int, len(p.after))...)
}

// trimOffsets takes the spaces at the ends of byte-level tokens out of the tokens'
// offsets.
type trimOffsets struct{ prefixSpace bool }

func (p trimOffsets) process(t *Tokenizer, text string, _ bool, e *encoding) {
	found := e.found
	for i, id := range e.IDs {
		at := e.Offsets[i]
		token := t.vocab.token(id)
		if len(found) > 0 && found[0].index == i {
			token = found[0].text
			found = found[1:]
		}
		leading, trailing := spacesAround(token)
		if p.prefixSpace && (i == 0 || at[0] == 0) && leading == 1 {
			leading = 0 // the space that was added before the text isn't in it
		}
		for ; leading > 0 && at[0] < at[1]; leading-- {
			_, n := utf8.DecodeRuneInString(text[at[0]:])
			at[0] = min(at[0]+n, at[1])
		}
		for ; trailing > 0 && at[0] < at[1]; trailing-- {
			_, n := utf8.DecodeLastRuneInString(text[:at[1]])
			at[1] = max(at[1]-n, at[0])
		}
		e.Offsets[i] = at
	}
}

// spacesAround counts the spaces at both ends of a token, as byte-level tokens
// write them. In a token of spaces only, each counts at both ends.
func spacesAround(token string) (leading, trailing int) {
	space := func(r rune) bool { return r == byteRunes[' '] || unicode.IsSpace(r) }
	for _, r := range token {
		if !space(r) {
			break
		}
		leading++
	}
	for len(token) > 0 {
		r, n := utf8.DecodeLastRuneInString(token)
		if !space(r) {
			break
		}
		trailing++
		token = token[:len(token)-n]
	}
	return leading, trailing
}

// postProcessors appends the post-processors of c to list. Those of a Sequence
// are appended one by one.
func (c *component) postProcessors(list []postProcessor) ([]postProcessor, error) {
	if len(list) >= maxParts {
		return nil, badinput.New(c.file, c.path, fmt.Sprint("more than ", maxParts, " components"), fmt.Sprint("at most ", maxParts))
	}
	switch c.kind {
	case "Sequence":
		err := c.list("processors", func(inner *component) (err error) {
			list, err = inner.postProcessors(list)
			return err
		})
		return list, err
	case "ByteLevel":
		trim, prefix := true, true
		if err := c.need("trim_offsets", &trim); err != nil {
			return nil, err
		}
		if err := c.need("add_prefix_space", &prefix); err != nil {
			return nil, err
		}
		if trim {
			list = append(list, trimOffsets{prefix})
		}
		return list, nil
	case "TemplateProcessing":
		t, err := c.template()
		return append(list, t), err
	}
	return nil, c.unknown("ByteLevel, Sequence, TemplateProcessing")
}

type templateItem struct {
	SpecialToken *struct{ ID string }
	Sequence     *struct{ ID string }
}

func (c *component) template() (t template, err error) {
	var items []templateItem
	if err = c.need("single", &items); err != nil {
		return t, err
	}
	var special map[string]struct{ IDs []int32 }
	if err = c.need("special_tokens", &special); err != nil {
		return t, err
	}
	texts := 0
	for i, item := range items {
		field := fmt.Sprintf("single[%d]", i)
		switch {
		case item.SpecialToken != nil && item.Sequence == nil:
			ids, ok := special[item.SpecialToken.ID]
			if !ok {
				return t, c.wrong(field, fmt.Sprintf("%q", clip.Text(item.SpecialToken.ID)), "one of special_tokens")
			}
			if around := len(t.before) + len(t.after) + len(ids.IDs); around > maxAround {
				return t, c.wrong(field, fmt.Sprint(around, " tokens around a text"), fmt.Sprint("at most ", maxAround))
			}
			if texts == 0 {
				t.before = append(t.before, ids.IDs...)
			} else {
				t.after = append(t.after, ids.IDs...)
			}
		case item.Sequence != nil && item.SpecialToken == nil && item.Sequence.ID == "A":
			texts++
		default:
			return t, c.wrong(field, clip.Text(c.fields["single"]), "a SpecialToken or the Sequence A")
		}
	}
	if texts != 1 {
		return t, c.wrong("single", fmt.Sprint(texts, " texts"), "one Sequence A")
	}
	return t, nil
}

// templateJSON returns a TemplateProcessing that adds the given tokens.
func templateJSON(v *vocabulary, before, after []int32) map[string]any {
	special := map[string]any{}
	item := func(id int32, typ int) map[string]any {
		token := v.token(id)
		special[token] = map[string]any{"id": token, "ids": []int32{id}, "tokens": []string{token}}
		return map[string]any{"SpecialToken": map[string]any{"id": token, "type_id": typ}}
	}
	sequence := func(name string, typ int) (list []map[string]any) {
		for _, id := range before {
			list = append(list, item(id, typ))
		}
		list = append(list, map[string]any{"Sequence": map[string]any{"id": name, "type_id": typ}})
		for _, id := range after {
			list = append(list, item(id, typ))
		}
		return list
	}
	single := sequence("A", 0)
	return map[string]any{
		"type": "TemplateProcessing", "single": single,
		"pair":           append(single[:len(single):len(single)], sequence("B", 1)...),
		"special_tokens": special,
	}
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain maps, strings and numbers only
	}
	return raw
}
