package lora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// configParser reads adapter_config.json. Its err is the first error.
type configParser struct {
	file   string
	fields map[string]json.RawMessage
	err    error
}

func (p *configParser) bad(field, found, want string) error {
	return badinput.New(p.file, field, found, want)
}

func (p *configParser) fail(field, found, want string) {
	if p.err == nil {
		p.err = p.bad(field, found, want)
	}
}

// take returns the value of a field, nil if it is missing or null, and removes
// the field, so that unsupported sees the others only.
func (p *configParser) take(name string) json.RawMessage {
	raw := p.fields[name]
	delete(p.fields, name)
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// read decodes a field into a variable, which keeps its value if the field is
// missing.
func (p *configParser) read(name string, into any) {
	if raw := p.take(name); raw != nil {
		p.decode(name, raw, into)
	}
}

func (p *configParser) decode(field string, raw json.RawMessage, into any) {
	if err := json.Unmarshal(raw, into); err != nil && p.err == nil {
		p.err = badinput.Wrap(p.file, field, err)
	}
	if list, ok := into.(*[]string); ok {
		p.checkList(field, *list)
	}
}

func (p *configParser) checkList(field string, list []string) {
	if len(list) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", maxList))
	}
	if slices.Contains(list, "") {
		p.fail(field, `""`, "names of modules")
	}
}

// names reads a list of suffixes or one pattern.
func (p *configParser) names(field string) (n Names) {
	raw := p.take(field)
	if len(raw) > 0 && raw[0] == '"' {
		p.decode(field, raw, &n.Pattern)
		if strings.EqualFold(n.Pattern, allLinear) {
			n.Pattern = allLinear
		}
	} else if raw != nil {
		p.decode(field, raw, &n.List)
	}
	return n
}

// oneOrMany reads a string or a list of strings.
func (p *configParser) oneOrMany(field string) (list []string) {
	raw := p.take(field)
	if len(raw) > 0 && raw[0] == '"' {
		list = make([]string, 1)
		p.decode(field, raw, &list[0])
		if list[0] == "" {
			return nil
		}
	} else if raw != nil {
		p.decode(field, raw, &list)
	}
	return list
}

// layers reads layers_to_transform, a number or a list. It returns nil for all
// layers, which an empty list means too.
func (p *configParser) layers() (list []int) {
	const field = "layers_to_transform"
	raw := p.take(field)
	if len(raw) > 0 && raw[0] != '[' {
		list = make([]int, 1)
		p.decode(field, raw, &list[0])
	} else if raw != nil {
		p.decode(field, raw, &list)
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", maxList))
	}
	return list
}

// pair is a key of a JSON object and its value.
type pair struct {
	key   string
	value json.RawMessage
}

// pairs reads an object in the order of its keys, on which it depends what PEFT
// matches first.
func (p *configParser) pairs(field string) (list []pair) {
	raw := p.take(field)
	if raw == nil {
		return nil
	}
	var values map[string]json.RawMessage
	p.decode(field, raw, &values)
	if len(values) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(values)), fmt.Sprintf("at most %d", maxList))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the brace; the syntax is known to be right
	for p.err == nil && dec.More() {
		key, _ := dec.Token()
		name, _ := key.(string)
		if _, first := values[name]; !first {
			p.fail(field, "the key "+clip.Text(name)+" twice", "it once")
		}
		e := pair{key: name}
		_ = dec.Decode(&e.value)
		delete(values, name)
		if e.key == "" {
			p.fail(field, `the key ""`, "names of modules")
		}
		list = append(list, e)
	}
	return list
}
