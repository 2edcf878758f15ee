package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// component is one typed object of a tokenizer.json, such as a normalizer.
type component struct {
	file, path string // the file, and the field that holds the component, for errors
	kind       string // its "type"
	fields     map[string]json.RawMessage
}

// Limits on components inside components.
const (
	maxDepth = 8
	maxList  = 64
)

// newComponent parses an object with a "type". For null it returns nil.
func newComponent(file, path string, raw json.RawMessage) (*component, error) {
	if raw == nil || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return nil, nil
	}
	if strings.Count(path, "[") > maxDepth {
		return nil, badinput.New(file, path, "components nested deeper than "+fmt.Sprint(maxDepth), "")
	}
	c := &component{file: file, path: path}
	if err := json.Unmarshal(raw, &c.fields); err != nil {
		return nil, badinput.New(file, path, clip.Text(raw), "an object")
	}
	if err := c.need("type", &c.kind); err != nil {
		return nil, err
	}
	return c, nil
}

// need reads a required field.
func (c *component) need(name string, into any) error {
	raw, ok := c.fields[name]
	if !ok {
		return badinput.New(c.file, c.path, "no "+name, "one")
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return badinput.New(c.file, c.path+"."+name, clip.Text(raw), jsonKind(into))
	}
	return nil
}

// jsonKind names what a field read into a pointer should be.
func jsonKind(into any) string {
	switch into.(type) {
	case *string:
		return "a string"
	case *bool:
		return "true or false"
	case *int:
		return "a whole number"
	case *[]json.RawMessage:
		return "a list"
	}
	return "an object"
}

// may reads an optional field.
func (c *component) may(name string, into any) error {
	if _, ok := c.fields[name]; !ok {
		return nil
	}
	return c.need(name, into)
}

// unknown refuses a component whose type isn't known.
func (c *component) unknown(known string) error {
	return badinput.New(c.file, c.path+".type", fmt.Sprintf("%q", clip.Text(c.kind)), "one of "+known)
}

// wrong refuses a field's value.
func (c *component) wrong(field, found, want string) error {
	return badinput.New(c.file, c.path+"."+field, found, want)
}

// list calls each with the components in a field.
func (c *component) list(field string, each func(*component) error) error {
	var raws []json.RawMessage
	if err := c.need(field, &raws); err != nil {
		return err
	}
	if len(raws) > maxList {
		return c.wrong(field, fmt.Sprint(len(raws), " components"), fmt.Sprint("at most ", maxList))
	}
	for i, raw := range raws {
		inner, err := newComponent(c.file, fmt.Sprintf("%s.%s[%d]", c.path, field, i), raw)
		if err != nil {
			return err
		}
		if inner == nil {
			return c.wrong(field, "null", "an object")
		}
		if err := each(inner); err != nil {
			return err
		}
	}
	return nil
}

// pattern reads the field "pattern": {"String": …} or {"Regex": …}.
func (c *component) pattern() (pattern, error) {
	var source map[string]string
	if err := c.need("pattern", &source); err != nil {
		return nil, err
	}
	if s, ok := source["String"]; ok && len(source) == 1 && s != "" {
		return literal(s), nil
	}
	s, ok := source["Regex"]
	if !ok || len(source) != 1 || s == "" {
		return nil, c.wrong("pattern", clip.Text(c.fields["pattern"]), "a String or a Regex")
	}
	p, err := compilePattern(s)
	if err != nil {
		return nil, badinput.Wrap(c.file, c.path+".pattern", err)
	}
	if re, ok := p.(*regex); ok {
		re.file, re.field = c.file, c.path+".pattern"
	}
	return p, nil
}

var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

func (c *component) normalizer(g *growth) (normalizer, error) {
	switch c.kind {
	case "Sequence":
		var all normalizers
		err := c.list("normalizers", func(inner *component) error {
			n, err := inner.normalizer(g)
			all = append(all, n)
			return err
		})
		return all, err
	case "Prepend":
		var s string
		if err := c.need("prepend", &s); err != nil {
			return nil, err
		}
		return prependNormalizer(s), g.prepend(c, "prepend", s)
	case "Replace":
		p, err := c.pattern()
		if err != nil {
			return nil, err
		}
		n := replaceNormalizer{pattern: p}
		if err = c.need("content", &n.content); err != nil {
			return nil, err
		}
		return n, g.replace(c, p, n.content)
	}
	if form, ok := forms[c.kind]; ok {
		return unicodeNormalizer{form}, g.form(c, form)
	}
	return nil, c.unknown("NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence")
}

// preTokenizers appends the pre-tokenizers of c to list. Those of a Sequence are
// appended one by one.
func (c *component) preTokenizers(list sequence, g *growth) (sequence, error) {
	if n := len(list); n > 0 {
		if _, ok := list[n-1].(byteLevel); ok {
			return nil, badinput.New(c.file, c.path, "a pre-tokenizer behind ByteLevel", "ByteLevel last")
		}
	}
	switch c.kind {
	case "Sequence":
		err := c.list("pretokenizers", func(inner *component) (err error) {
			list, err = inner.preTokenizers(list, g)
			return err
		})
		return list, err
	case "Split":
		s, err := c.splitter()
		if err == nil {
			err = g.part(c, "", 1)
		}
		return append(list, s), err
	case "Digits":
		var single bool
		err := c.need("individual_digits", &single)
		s := splitter{pattern: digits{}}
		if !single {
			s.behavior = contiguous
		}
		if err == nil {
			err = g.part(c, "", 1)
		}
		return append(list, s), err
	case "ByteLevel":
		b := byteLevel{words: true}
		if err := c.need("add_prefix_space", &b.prefixSpace); err != nil {
			return nil, err
		}
		if err := c.may("use_regex", &b.words); err != nil {
			return nil, err
		}
		times := 1.0
		if b.prefixSpace {
			times = 2
		}
		return append(list, b), g.part(c, ".add_prefix_space", times)
	case "Metaspace":
		m, err := c.metaspace()
		if err == nil {
			err = g.prepend(c, "replacement", m.mark)
		}
		return append(list, m), err
	}
	return nil, c.unknown("ByteLevel, Digits, Metaspace, Sequence, Split")
}

var behaviors = map[string]behavior{
	"Isolated": isolated, "Removed": removed, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

func (c *component) splitter() (s splitter, err error) {
	var name string
	if s.pattern, err = c.pattern(); err != nil {
		return s, err
	}
	if err = c.need("behavior", &name); err != nil {
		return s, err
	}
	known := false
	if s.behavior, known = behaviors[name]; !known {
		return s, c.wrong("behavior", fmt.Sprintf("%q", clip.Text(name)), "one of Contiguous, Isolated, MergedWithNext, MergedWithPrevious, Removed")
	}
	err = c.need("invert", &s.invert)
	return s, err
}

var prefixSchemes = map[string]prefixScheme{"always": prefixAlways, "first": prefixFirst, "never": prefixNever}

// metaspace reads a Metaspace, which has the same fields as a pre-tokenizer and
// as a decoder.
func (c *component) metaspace() (m metaspace, err error) {
	scheme, prefix := "always", true
	m.cut = true
	if err = c.need("replacement", &m.mark); err != nil {
		return m, err
	}
	if utf8.RuneCountInString(m.mark) != 1 {
		return m, c.wrong("replacement", fmt.Sprintf("%q", clip.Text(m.mark)), "one character")
	}
	if err = errors.Join(c.may("prepend_scheme", &scheme), c.may("split", &m.cut), c.may("add_prefix_space", &prefix)); err != nil {
		return m, err
	}
	known := false
	if m.prefix, known = prefixSchemes[scheme]; !known {
		return m, c.wrong("prepend_scheme", fmt.Sprintf("%q", clip.Text(scheme)), "one of always, first, never")
	}
	if !prefix && m.prefix != prefixNever {
		return m, c.wrong("add_prefix_space", "false with prepend_scheme "+scheme, "prepend_scheme never")
	}
	return m, nil
}
