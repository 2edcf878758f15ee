package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// swapCase changes upper to lower case, and lower to upper.
func (r *run) swapCase(t text) text {
	r.alloc(2 * len(t.s))
	upper, lower := cases.Upper(language.Und), cases.Lower(language.Und)
	return t.mapRunes(func(c rune) string {
		if unicode.IsUpper(c) {
			return lower.String(string(c))
		}
		return upper.String(string(c))
	})
}

func (r *run) foldCase(t text) text {
	r.alloc(2 * len(t.s))
	return t.mapPieces(cases.Fold().String)
}

// zeroFill puts zeros between a sign and the rest of a string.
func zeroFill(r *run, t text, a arguments) value {
	n := asInt(a.bind("zfill", 1, "width")[0], 0)
	sign := 0
	if strings.HasPrefix(t.s, "+") || strings.HasPrefix(t.s, "-") {
		sign = 1
	}
	return r.concat(t.slice(0, sign), r.fill(t, n, "0"), t.slice(sign, len(t.s)))
}

// fill returns as many c as t needs to be n characters long.
func (r *run) fill(t text, n int64, c string) text {
	return plain(r.repeated(c, max(n, 0)-int64(len(r.offsets(t))-1)))
}

// justify fills a string up on the left if side is 1, on the right if it is 0.
func (r *run) justify(t text, a arguments, method string, side int) value {
	v := a.bind(method, 1, "width", "fillchar")
	c := " "
	if v[1] != (absent{}) {
		if c = asText(v[1]).s; utf8.RuneCountInString(c) != 1 {
			fail("%s with %q for one character", method, c)
		}
	}
	fill := r.fill(t, asInt(v[0], 0), c)
	if side == 1 {
		return r.concat(fill, t)
	}
	return r.concat(t, fill)
}

func removePrefix(r *run, t text, a arguments) value {
	prefix := asText(a.bind("removeprefix", 1, "prefix")[0]).s
	r.allocText(t)
	if !strings.HasPrefix(t.s, prefix) {
		return t
	}
	return t.slice(len(prefix), len(t.s))
}

func removeSuffix(r *run, t text, a arguments) value {
	suffix := asText(a.bind("removesuffix", 1, "suffix")[0]).s
	r.allocText(t)
	if !strings.HasSuffix(t.s, suffix) {
		return t
	}
	return t.slice(0, len(t.s)-len(suffix))
}

// find returns at which character a part of a string begins, or -1.
func find(r *run, t text, a arguments, method string, index func(s, part string) int) value {
	part := asText(a.bind(method, 1, "sub")[0])
	r.search(t)
	i := index(t.s, part.s)
	if i < 0 {
		return int64(-1)
	}
	return int64(utf8.RuneCountInString(t.s[:i]))
}

func found(place value) value {
	if place == int64(-1) {
		fail("a part of a string isn't found")
	}
	return place
}

func countIn(r *run, t text, a arguments) value {
	r.search(t)
	return int64(strings.Count(t.s, asText(a.bind("count", 1, "sub")[0]).s))
}

// every returns a method that reports whether all characters of a string, and
// at least one, are of a kind.
func every(method string, is func(rune) bool) func(r *run, t text, a arguments) value {
	return func(r *run, t text, a arguments) value {
		a.bind(method, 0)
		r.search(t)
		return t.s != "" && !strings.ContainsFunc(t.s, func(c rune) bool { return !is(c) })
	}
}

// isCase reports whether a string has letters of upper and lower case, but none
// of the wrong one.
func (r *run) isCase(t text, wrong func(rune) bool) bool {
	r.search(t)
	s := t.s
	cased := strings.ContainsFunc(s, func(c rune) bool { return unicode.IsUpper(c) || unicode.IsLower(c) })
	return cased && !strings.ContainsFunc(s, func(c rune) bool { return wrong(c) || unicode.IsTitle(c) })
}

// lines cuts a text at all ends of lines that Python knows.
func (r *run) lines(t text, keepEnds bool) []text {
	r.chargeSplit(t)
	var out []text
	for at := 0; at < len(t.s); {
		length := strings.IndexFunc(t.s[at:], isLineEnd)
		if length < 0 {
			r.list(len(out))
			return append(out, t.slice(at, len(t.s)))
		}
		end := at + length
		_, n := utf8.DecodeRuneInString(t.s[end:])
		if strings.HasPrefix(t.s[end:], "\r\n") {
			n = 2
		}
		line := t.slice(at, end)
		if at = end + n; keepEnds {
			line = t.slice(end-length, at)
		}
		out = append(out, line)
	}
	r.list(len(out))
	return out
}

func isLineEnd(c rune) bool {
	return '\n' <= c && c <= '\r' || 0x1c <= c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029
}

var dictMethods = map[string]func(r *run, d *dict, a arguments) value{
	"get": func(r *run, d *dict, a arguments) value {
		v := a.bind("get", 1, "key", "default")
		if found, ok := r.get(d, v[0]); ok {
			return found
		}
		if v[1] == (absent{}) {
			return nil
		}
		return v[1]
	},
	"items":  func(r *run, d *dict, a arguments) value { a.bind("items", 0); return r.items(d) },
	"keys":   func(_ *run, d *dict, a arguments) value { a.bind("keys", 0); return &list{items: d.keys} },
	"values": func(_ *run, d *dict, a arguments) value { a.bind("values", 0); return &list{items: d.values} },
	"copy":   func(_ *run, d *dict, a arguments) value { a.bind("copy", 0); return d },
}

// items returns the pairs of keys and values.
func (r *run) items(d *dict) *list {
	r.list(3 * len(d.keys))
	out := &list{items: make([]value, len(d.keys))}
	for i, key := range d.keys {
		out.items[i] = &list{[]value{key, d.values[i]}, true}
	}
	return out
}

var listMethods = map[string]func(r *run, l *list, a arguments) value{
	"index": func(r *run, l *list, a arguments) value {
		of := a.bind("index", 1, "value")[0]
		for i, item := range l.items {
			if r.equal(item, of) {
				return int64(i)
			}
		}
		fail("a value isn't in a list")
		return nil
	},
	"count": func(r *run, l *list, a arguments) value {
		of, n := a.bind("count", 1, "value")[0], int64(0)
		for _, item := range l.items {
			if r.equal(item, of) {
				n++
			}
		}
		return n
	},
	"copy": func(_ *run, l *list, a arguments) value { a.bind("copy", 0); return l },
}
