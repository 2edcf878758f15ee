package jinja

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/tokenizer/chat/internal/python"
)

var isSpace = python.IsSpace

// str returns a value as a template prints it: Python's str, and nothing for
// what is undefined.
func (r *run) str(v value) text {
	switch v := v.(type) {
	case text:
		return v
	case undefined:
		return text{}
	}
	var b builder
	r.repr(&b, v)
	return b.text()
}

// repr writes a value as Python's repr does.
func (r *run) repr(b *builder, v value) {
	r.alloc(8)
	switch v := v.(type) {
	case nil:
		b.write("None", false)
	case bool:
		b.write(map[bool]string{true: "True", false: "False"}[v], false)
	case int64:
		b.write(strconv.FormatInt(v, 10), false)
	case float64:
		b.write(formatFloat(v), false)
	case text:
		r.reprText(b, v)
	case *list:
		r.reprList(b, v)
	case *dict:
		r.enter()
		defer r.leave()
		b.write("{", false)
		for i, key := range v.keys {
			if i > 0 {
				b.write(", ", false)
			}
			r.repr(b, key)
			b.write(": ", false)
			r.repr(b, v.values[i])
		}
		b.write("}", false)
	case undefined:
		b.write("Undefined", false)
	default:
		fail("%s can't be printed", kind(v))
	}
}

func (r *run) reprText(b *builder, t text) {
	r.alloc(2 + 4*len(t.s))
	quote := '\''
	if strings.ContainsRune(t.s, '\'') && !strings.ContainsRune(t.s, '"') {
		quote = '"'
	}
	b.write(string(quote), false)
	b.add(t.mapRunes(func(c rune) string { return python.EscapeRepr(c, quote) }))
	b.write(string(quote), false)
}

func (r *run) reprList(b *builder, l *list) {
	r.enter()
	defer r.leave()
	brackets := "[]"
	if l.tuple {
		brackets = "()"
	}
	b.write(brackets[:1], false)
	for i, item := range l.items {
		if i > 0 {
			b.write(", ", false)
		}
		r.repr(b, item)
	}
	if l.tuple && len(l.items) == 1 {
		b.write(",", false)
	}
	b.write(brackets[1:], false)
}

// jsonStyle says how tojson writes lists and objects.
type jsonStyle struct {
	indent      text // of one level
	indented    bool // items stand on lines of their own
	comma       text
	colon       text
	sortKeys    bool
	ensureASCII bool
}

// json writes a value as Python's json.dumps does.
func (r *run) json(b *builder, v value, style *jsonStyle, level int) {
	r.alloc(8)
	switch v := v.(type) {
	case nil:
		b.write("null", false)
	case bool:
		b.write(strconv.FormatBool(v), false)
	case int64:
		r.repr(b, v)
	case float64:
		b.write(jsonFloat(v), false)
	case text:
		r.jsonText(b, v, style)
	case *list:
		r.jsonItems(b, "[]", len(v.items), style, level, func(i int) { r.json(b, v.items[i], style, level+1) })
	case *dict:
		keys := r.jsonKeys(v, style)
		r.jsonItems(b, "{}", len(keys), style, level, func(i int) {
			r.jsonText(b, keys[i].name, style)
			r.allocText(style.colon)
			b.add(style.colon)
			r.json(b, keys[i].value, style, level+1)
		})
	default:
		fail("%s can't be written as JSON", kind(v))
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return formatFloat(f)
}

func (r *run) jsonText(b *builder, t text, style *jsonStyle) {
	r.alloc(2 + 6*len(t.s))
	b.write(`"`, false)
	b.add(t.mapRunes(func(c rune) string {
		if style.ensureASCII && c >= 0x7f {
			return escapeASCII(c)
		}
		return python.EscapeJSON(c)
	}))
	b.write(`"`, false)
}

type jsonKey struct {
	name  text
	value value
}

// jsonKeys returns the keys of an object as strings, with their values.
func (r *run) jsonKeys(d *dict, style *jsonStyle) []jsonKey {
	r.list(len(d.keys))
	out := make([]jsonKey, len(d.keys))
	for i, key := range d.keys {
		name, ok := key.(text)
		if !ok {
			var b builder
			r.json(&b, key, style, 0)
			name = b.text()
		}
		out[i] = jsonKey{name, d.values[i]}
	}
	if style.sortKeys {
		slices.SortStableFunc(out, func(a, b jsonKey) int { return strings.Compare(a.name.s, b.name.s) })
	}
	return out
}

func (r *run) jsonItems(b *builder, brackets string, n int, style *jsonStyle, level int, item func(i int)) {
	r.enter()
	defer r.leave()
	newline := func(level int) {
		if !style.indented {
			return
		}
		r.alloc(1 + level*len(style.indent.s))
		b.write("\n", false)
		for range level {
			b.add(style.indent)
		}
	}
	b.write(brackets[:1], false)
	for i := range n {
		if i > 0 {
			r.allocText(style.comma)
			b.add(style.comma)
		}
		newline(level + 1)
		item(i)
	}
	if n > 0 {
		newline(level)
	}
	b.write(brackets[1:], false)
}

func escapeASCII(c rune) string {
	const hex = "0123456789abcdef"
	unit := func(u rune) string {
		return `\u` + string([]byte{hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15]})
	}
	if c == 0x7f {
		return string(c)
	}
	if c < 0x10000 {
		return unit(c)
	}
	c -= 0x10000
	return unit(0xd800+c>>10) + unit(0xdc00+c&0x3ff)
}
