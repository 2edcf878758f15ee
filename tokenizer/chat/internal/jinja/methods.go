package jinja

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

var textMethods = map[string]func(r *run, t text, a arguments) value{
	"upper":      func(r *run, t text, a arguments) value { a.bind("upper", 0); return r.upper(t) },
	"lower":      func(r *run, t text, a arguments) value { a.bind("lower", 0); return r.lower(t) },
	"capitalize": func(r *run, t text, a arguments) value { a.bind("capitalize", 0); return r.capitalize(t) },
	"swapcase":   func(r *run, t text, a arguments) value { a.bind("swapcase", 0); return r.swapCase(t) },
	"casefold":   func(r *run, t text, a arguments) value { a.bind("casefold", 0); return r.foldCase(t) },
	"zfill":      zeroFill,
	"ljust":      func(r *run, t text, a arguments) value { return r.justify(t, a, "ljust", 0) },
	"rjust":      func(r *run, t text, a arguments) value { return r.justify(t, a, "rjust", 1) },
	"title":      func(r *run, t text, a arguments) value { a.bind("title", 0); return r.title(t) },
	"strip":      func(r *run, t text, a arguments) value { return r.strip(t, a, true, true) },
	"lstrip":     func(r *run, t text, a arguments) value { return r.strip(t, a, true, false) },
	"rstrip":     func(r *run, t text, a arguments) value { return r.strip(t, a, false, true) },
	"split":      splitText,
	"rsplit":     rsplitText,
	"splitlines": func(r *run, t text, a arguments) value {
		return r.texts(r.lines(t, isTrue(a.bind("splitlines", 0, "keepends")[0])))
	},
	"partition":    partition,
	"rpartition":   rpartition,
	"replace":      replaceIn,
	"join":         func(r *run, t text, a arguments) value { return r.join(a.bind("join", 1, "iterable")[0], t, asText) },
	"format":       braces,
	"startswith":   func(r *run, t text, a arguments) value { return affix(r, t, a, "startswith", strings.HasPrefix) },
	"endswith":     func(r *run, t text, a arguments) value { return affix(r, t, a, "endswith", strings.HasSuffix) },
	"removeprefix": removePrefix,
	"removesuffix": removeSuffix,
	"find":         func(r *run, t text, a arguments) value { return find(r, t, a, "find", strings.Index) },
	"rfind":        func(r *run, t text, a arguments) value { return find(r, t, a, "rfind", strings.LastIndex) },
	"index":        func(r *run, t text, a arguments) value { return found(find(r, t, a, "index", strings.Index)) },
	"rindex":       func(r *run, t text, a arguments) value { return found(find(r, t, a, "rindex", strings.LastIndex)) },
	"count":        countIn,
	"isdigit":      every("isdigit", unicode.IsDigit),
	"isdecimal":    every("isdecimal", unicode.IsDigit),
	"isnumeric":    every("isnumeric", unicode.IsNumber),
	"isalpha":      every("isalpha", unicode.IsLetter),
	"isalnum":      every("isalnum", func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }),
	"isspace":      every("isspace", isSpace),
	"isupper":      func(r *run, t text, a arguments) value { a.bind("isupper", 0); return r.isCase(t, unicode.IsLower) },
	"islower":      func(r *run, t text, a arguments) value { a.bind("islower", 0); return r.isCase(t, unicode.IsUpper) },
}

// texts returns a list of strings.
func (r *run) texts(of []text) *list {
	r.list(len(of))
	out := &list{items: make([]value, len(of))}
	for i, t := range of {
		out.items[i] = t
	}
	return out
}

func (r *run) upper(t text) text {
	r.chargePieces(t)
	return t.mapPieces(cases.Upper(language.Und).String)
}

// chargePieces counts what a text takes whose pieces are changed one by one.
func (r *run) chargePieces(t text) {
	r.alloc(2 * len(t.s))
	r.step(16 * len(t.typed))
}

func (r *run) lower(t text) text {
	r.chargePieces(t)
	return t.mapPieces(cases.Lower(language.Und).String)
}

func (r *run) capitalize(t text) text {
	at := r.offsets(t)
	if len(at) == 1 {
		return t
	}
	first := t.slice(0, at[1]).mapRunes(func(c rune) string { return string(unicode.ToTitle(c)) })
	return r.concat(first, r.lower(t.slice(at[1], len(t.s))))
}

// title begins each run of letters with a capital.
func (r *run) title(t text) text {
	r.chargePieces(t)
	inside := false
	return t.mapRunes(func(c rune) string {
		cased := unicode.IsUpper(c) || unicode.IsLower(c) || unicode.IsTitle(c)
		begins := cased && !inside
		inside = cased
		if begins {
			return string(unicode.ToTitle(c))
		}
		return string(unicode.ToLower(c))
	})
}

// strip takes white space, or the characters of an argument, off the ends.
func (r *run) strip(t text, a arguments, left, right bool) value {
	of := isSpace
	if chars := a.bind("strip", 0, "chars")[0]; given(chars) {
		set := asText(chars).s
		r.step(1 + len(t.s)/8 + len(set))
		of = func(c rune) bool { return strings.ContainsRune(set, c) }
	}
	r.allocText(t)
	if left {
		t = t.trimLeft(of)
	}
	if right {
		t = t.trimRight(of)
	}
	return t
}

func splitText(r *run, t text, a arguments) value {
	v := a.bind("split", 0, "sep", "maxsplit")
	r.chargeSplit(t)
	n := int(min(asInt(v[1], -1), maxInt))
	if !given(v[0]) {
		return r.texts(t.fields(n))
	}
	return r.texts(t.split(separator(v[0]), n))
}

// chargeSplit counts what parts of t may take.
func (r *run) chargeSplit(t text) {
	r.allocText(t)
	r.search(t)
}

func separator(v value) string {
	s := asText(v).s
	if s == "" {
		fail("an empty separator")
	}
	return s
}

func rsplitText(r *run, t text, a arguments) value {
	v := a.bind("rsplit", 1, "sep", "maxsplit")
	r.chargeSplit(t)
	s := separator(v[0])
	all := t.split(s, -1)
	r.list(len(all))
	n := int(min(asInt(v[1], -1), maxInt))
	if n < 0 || n >= len(all)-1 {
		return r.texts(all)
	}
	tail := all[len(all)-n:]
	head := len(t.s)
	for _, part := range tail {
		head -= len(part.s) + len(s)
	}
	return r.texts(append([]text{t.slice(0, head)}, tail...))
}

func partition(r *run, t text, a arguments) value {
	s := asText(a.bind("partition", 1, "sep")[0])
	return r.cut(t, s, strings.Index(t.s, separator(s)), false)
}

func rpartition(r *run, t text, a arguments) value {
	s := asText(a.bind("rpartition", 1, "sep")[0])
	return r.cut(t, s, strings.LastIndex(t.s, separator(s)), true)
}

func (r *run) cut(t, separator text, at int, fromRight bool) value {
	r.allocText(t)
	out := r.texts([]text{t, {}, {}})
	switch {
	case at >= 0:
		end := at + len(separator.s)
		out = r.texts([]text{t.slice(0, at), t.slice(at, end), t.slice(end, len(t.s))})
	case fromRight:
		out = r.texts([]text{{}, {}, t})
	}
	out.tuple = true
	return out
}

func replaceIn(r *run, t text, a arguments) value {
	v := a.bind("replace", 2, "old", "new", "count")
	return r.replace(t, asText(v[0]), asText(v[1]), asInt(v[2], -1))
}

func (r *run) replace(t, old, with text, count int64) text {
	n := strings.Count(t.s, old.s)
	if count >= 0 {
		n = int(min(int64(n), count))
	}
	r.chargeSplit(t)
	r.alloc(64 * n)
	r.allocEach(int64(n), int64(len(with.s)+16*len(with.typed)))
	return t.replace(old.s, with, int(min(count, maxInt)))
}

// join puts a separator between the items of a value, which of makes strings of.
func (r *run) join(v value, separator text, of func(value) text) text {
	var b builder
	for i, item := range r.iterate(v) {
		t := of(item)
		r.allocText(t)
		if i > 0 {
			r.allocText(separator)
			b.add(separator)
		}
		b.add(t)
	}
	return b.text()
}

// affix reports whether a string begins, or ends, with another or one of several.
func affix(r *run, t text, a arguments, method string, has func(s, part string) bool) value {
	of := a.bind(method, 1, "prefix")[0]
	if l, ok := of.(*list); ok && l.tuple {
		return slices.ContainsFunc(l.items, func(v value) bool { r.scan(asText(v)); return has(t.s, asText(v).s) })
	}
	r.scan(asText(of))
	return has(t.s, asText(of).s)
}
