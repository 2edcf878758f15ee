package jinja

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

type filterFunction func(r *run, v value, a arguments) value

// filters are Jinja's, but for those that make HTML, draw lots or do what no
// template of a chat needs.
var filters map[string]filterFunction

func init() { // some filters apply others
	filters = map[string]filterFunction{
		"abs": absolute, "attr": attributeOf, "capitalize": textFilter((*run).capitalize), "count": length,
		"d": defaultFilter, "default": defaultFilter, "dictsort": dictSort, "first": first, "float": toFloat,
		"format": formatFilter, "indent": indent, "int": toInt, "items": itemsFilter, "join": joinFilter,
		"last": last, "length": length, "list": toList, "lower": textFilter((*run).lower), "map": mapFilter,
		"max": extreme("max", 1), "min": extreme("min", -1), "reject": choose("reject", false, false),
		"rejectattr": choose("rejectattr", true, false), "replace": replaceFilter, "reverse": reverse,
		"round": round, "safe": textFilter(func(_ *run, t text) text { return t }),
		"select": choose("select", false, true), "selectattr": choose("selectattr", true, true),
		"sort": sortFilter, "string": textFilter(func(_ *run, t text) text { return t }), "sum": sum,
		"title": textFilter((*run).titleWords), "tojson": toJSON, "trim": trim, "unique": unique,
		"upper": textFilter((*run).upper), "wordcount": wordCount,
	}
}

func (f *filter) eval(r *run, s *scope) value {
	v := r.eval(f.of, s)
	a := r.arguments(&f.arguments, s)
	r.line = f.line
	return r.filter(f.name, v, a)
}

func (r *run) filter(name string, v value, a arguments) value {
	apply, ok := filters[name]
	if !ok {
		fail("no filter named %s", name)
	}
	return apply(r, v, a)
}

// textFilter makes a filter of a function of a string; other values are printed
// first.
func textFilter(f func(*run, text) text) filterFunction {
	return func(r *run, v value, a arguments) value {
		a.bind("a filter", 0)
		return f(r, r.str(v))
	}
}

func length(r *run, v value, a arguments) value {
	a.bind("length", 0)
	switch v := v.(type) {
	case text:
		return int64(len(r.offsets(v)) - 1)
	case nil, bool, int64, float64, object:
		fail("%s has no length", kind(v))
	}
	return int64(len(r.iterate(v)))
}

func defaultFilter(_ *run, v value, a arguments) value {
	b := a.bind("default", 0, "default_value", "boolean")
	if _, ok := v.(undefined); !ok && (!isTrue(b[1]) || truth(v)) {
		return v
	}
	if b[0] == (absent{}) {
		return text{}
	}
	return b[0]
}

func first(r *run, v value, a arguments) value {
	a.bind("first", 0)
	if items := r.iterate(v); len(items) > 0 {
		return items[0]
	}
	return undefined{"the first item of nothing"}
}

func last(r *run, v value, a arguments) value {
	a.bind("last", 0)
	if items := r.iterate(v); len(items) > 0 {
		return items[len(items)-1]
	}
	return undefined{"the last item of nothing"}
}

func toList(r *run, v value, a arguments) value {
	a.bind("list", 0)
	return &list{items: r.iterate(v)}
}

func itemsFilter(r *run, v value, a arguments) value {
	a.bind("items", 0)
	switch v := v.(type) {
	case undefined:
		return &list{}
	case *dict:
		return r.items(v)
	}
	fail("the items of %s", kind(v))
	return nil
}

func joinFilter(r *run, v value, a arguments) value {
	b := a.bind("join", 0, "d", "attribute")
	separator := text{}
	if b[0] != (absent{}) {
		separator = r.str(b[0])
	}
	key := r.keyOf(b[1])
	return r.join(v, separator, func(item value) text { return r.str(key(item)) })
}

func reverse(r *run, v value, a arguments) value {
	a.bind("reverse", 0)
	items := r.iterate(v)
	r.list(len(items))
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, ok := v.(text); ok {
		return r.join(&list{items: items}, text{}, asText)
	}
	return &list{items: items}
}

func replaceFilter(r *run, v value, a arguments) value {
	b := a.bind("replace", 2, "old", "new", "count")
	count := int64(-1)
	if given(b[2]) {
		count = asInt(b[2], 0)
	}
	return r.replace(r.str(v), r.str(b[0]), r.str(b[1]), count)
}

func trim(r *run, v value, a arguments) value { return r.strip(r.str(v), a, true, true) }

// wordStart is behind what a new word begins for the filter title.
var wordStart = regexp.MustCompile(`[-\s({\[<]+`)

func (r *run) titleWords(t text) text {
	r.alloc(4 * len(t.s))
	r.step(8 * len(t.s)) // a regular expression, and work for each word
	var out builder
	add := func(from, to int) {
		if from == to {
			return
		}
		word := t.slice(from, to)
		at := offsets(word.s)
		out.add(r.upper(word.slice(0, at[1])))
		out.add(r.lower(word.slice(at[1], len(word.s))))
	}
	at := 0
	for _, m := range wordStart.FindAllStringIndex(t.s, -1) {
		add(at, m[0])
		add(m[0], m[1])
		at = m[1]
	}
	add(at, len(t.s))
	return out.text()
}

func indent(r *run, v value, a arguments) value {
	b := a.bind("indent", 0, "width", "first", "blank")
	by, ok := b[0].(text)
	if !ok {
		by = plain(r.repeated(" ", asInt(b[0], 4)))
	}
	lines := r.lines(r.concat(asText(v), plain("\n")), false)
	var out builder
	for i, line := range lines {
		if i > 0 {
			out.write("\n", false)
		}
		if i == 0 && isTrue(b[1]) || i > 0 && (line.s != "" || isTrue(b[2])) {
			r.allocText(by)
			out.add(by)
		}
		out.add(line)
	}
	return out.text()
}

func formatFilter(r *run, v value, a arguments) value {
	if len(a.named) > 0 {
		if len(a.positional) > 0 {
			fail("format takes arguments of one kind")
		}
		d := newDict()
		for _, name := range a.order {
			r.set(d, plain(name), a.named[name])
		}
		return r.percent(r.str(v), d)
	}
	return r.percent(r.str(v), &list{a.positional, true})
}

func wordCount(r *run, v value, a arguments) value {
	a.bind("wordcount", 0)
	t := r.str(v)
	r.chargeSplit(t)
	isWord := func(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c) }
	words := strings.FieldsFunc(t.s, func(c rune) bool { return !isWord(c) })
	r.list(len(words))
	return int64(len(words))
}

func attributeOf(r *run, v value, a arguments) value {
	name := asText(a.bind("attr", 1, "name")[0]).s
	defined(v)
	if found, ok := method(v, name); ok {
		return found
	}
	return undefined{"the attribute " + name}
}

func toJSON(r *run, v value, a arguments) value {
	b := a.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys")
	style := &jsonStyle{comma: plain(", "), colon: plain(": "), ensureASCII: isTrue(b[0]), sortKeys: isTrue(b[3])}
	if given(b[1]) {
		style.indented, style.comma = true, plain(",")
		if t, ok := b[1].(text); ok {
			style.indent = t
		} else {
			style.indent = plain(r.repeated(" ", asInt(b[1], 0)))
		}
	}
	if given(b[2]) {
		pair := r.iterate(b[2])
		if len(pair) != 2 {
			fail("separators of tojson are two")
		}
		style.comma, style.colon = asText(pair[0]), asText(pair[1])
	}
	var out builder
	r.json(&out, v, style, 0)
	return out.text()
}

func toInt(r *run, v value, a arguments) value {
	b := a.bind("int", 0, "default", "base")
	otherwise := b[0]
	if otherwise == (absent{}) {
		otherwise = int64(0)
	}
	switch v := v.(type) {
	case text:
		r.search(v)
		s := strings.TrimFunc(strings.ReplaceAll(v.s, "_", ""), isSpace)
		base := int(asInt(b[1], 10))
		if n, err := strconv.ParseInt(s, base, 64); err == nil && base >= 2 {
			return n
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return fromFloat(f, otherwise)
		}
	case float64:
		return fromFloat(v, otherwise)
	}
	if n, ok := integer(v); ok {
		return n
	}
	defined(v)
	return otherwise
}

func fromFloat(f float64, otherwise value) value {
	if math.Abs(f) < 1<<62 {
		return int64(f)
	}
	return otherwise
}

func toFloat(r *run, v value, a arguments) value {
	otherwise := a.bind("float", 0, "default")[0]
	if otherwise == (absent{}) {
		otherwise = 0.0
	}
	defined(v)
	if t, ok := v.(text); ok {
		r.search(t)
		if f, err := strconv.ParseFloat(strings.TrimFunc(t.s, isSpace), 64); err == nil {
			return f
		}
		return otherwise
	}
	if f, ok := number(v); ok {
		return f
	}
	return otherwise
}

func absolute(_ *run, v value, a arguments) value {
	a.bind("abs", 0)
	if n, ok := integer(v); ok {
		if n < 0 {
			return -n
		}
		return n
	}
	f, ok := v.(float64)
	if !ok {
		fail("abs of %s", kind(v))
	}
	return math.Abs(f)
}
