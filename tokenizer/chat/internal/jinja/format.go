package jinja

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's format % arguments.
func (r *run) percent(format text, of value) text {
	r.allocText(format)
	p := &percentFormat{run: r, rest: format, of: of, items: []value{of}}
	if l, ok := of.(*list); ok && l.tuple {
		p.items = l.items
	}
	for {
		i := strings.IndexByte(p.rest.s, '%')
		if i < 0 {
			break
		}
		p.out.add(p.rest.slice(0, i))
		p.rest = p.rest.slice(i+1, len(p.rest.s))
		p.conversion()
	}
	p.out.add(p.rest)
	if l, ok := of.(*list); p.used < len(p.items) && !is[*dict](of) && !is[undefined](of) && (!ok || l.tuple) {
		fail("not all arguments are used by a format")
	}
	return p.out.text()
}

type percentFormat struct {
	*run
	rest  text
	of    value
	items []value
	used  int
	out   builder
}

// conversion writes one value; its % is read.
func (p *percentFormat) conversion() {
	s := p.rest.s
	named, key := strings.HasPrefix(s, "("), ""
	if named {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			fail("a format with ( and no )")
		}
		key, s = s[1:end], s[end+1:]
	}
	n := 0
	for n < len(s) && strings.IndexByte("#0- +.123456789", s[n]) >= 0 {
		n++
	}
	if n == len(s) {
		fail("a format that ends in %%")
	}
	flags, verb := s[:n], s[n]
	p.rest = p.rest.slice(len(p.rest.s)-len(s)+n+1, len(p.rest.s))
	if verb == '%' {
		p.out.write("%", false)
		return
	}
	p.value(p.next(named, key), flags, verb)
}

func (p *percentFormat) next(named bool, key string) value {
	if named {
		d, ok := p.of.(*dict)
		if !ok {
			fail("a format with names needs a dict")
		}
		v, ok := p.get(d, plain(key))
		if !ok {
			fail("no %s for a format", key)
		}
		return v
	}
	if p.used == len(p.items) {
		fail("not enough arguments for a format")
	}
	p.used++
	return p.items[p.used-1]
}

func (p *percentFormat) value(v value, flags string, verb byte) {
	for _, digits := range strings.FieldsFunc(flags, func(c rune) bool { return c < '0' || c > '9' }) {
		if len(digits) > 4 {
			fail("a format of width %s", digits)
		}
	}
	p.alloc(64 + 10_000*min(len(flags), 2))
	switch verb {
	case 's', 'r':
		t := p.str(v)
		if verb == 'r' {
			var b builder
			p.repr(&b, v)
			t = b.text()
		}
		t = padded(t, flags)
		p.allocText(t)
		p.out.add(t)
		return
	case 'd', 'i', 'u', 'x', 'X', 'o':
		n, ok := integer(v)
		if f, isFloat := v.(float64); isFloat && strings.IndexByte("diu", verb) >= 0 {
			n, ok = int64(f), true
		}
		if ok {
			if strings.IndexByte("iu", verb) >= 0 {
				verb = 'd'
			}
			p.out.write(fmt.Sprintf("%"+flags+string(verb), n), false)
			return
		}
	case 'f', 'F', 'e', 'E':
		if f, ok := number(v); ok {
			p.out.write(fmt.Sprintf("%"+flags+string(verb), f), false)
			return
		}
	}
	fail("a format %%%c of %s", verb, kind(v))
}

// padded cuts a text at the precision and fills it up to the width that flags
// name, such as "-10.3".
func padded(t text, flags string) text {
	width, precision, cut := strings.Cut(strings.TrimLeft(flags, "#0- +"), ".")
	if at := offsets(t.s); cut {
		n, _ := strconv.Atoi(precision)
		t = t.slice(0, at[min(n, len(at)-1)])
	}
	n, _ := strconv.Atoi(width)
	fill := strings.Repeat(" ", max(n-utf8.RuneCountInString(t.s), 0))
	var b builder
	if !strings.Contains(flags, "-") {
		b.write(fill, false)
	}
	b.add(t)
	if strings.Contains(flags, "-") {
		b.write(fill, false)
	}
	return b.text()
}

// braces is Python's format.format(…), for fields without a specification.
func braces(r *run, format text, a arguments) value {
	var out builder
	automatic := 0
	rest := format
	for {
		i := strings.IndexAny(rest.s, "{}")
		if i < 0 {
			break
		}
		out.add(rest.slice(0, i))
		after := rest.slice(i+1, len(rest.s))
		if strings.HasPrefix(after.s, rest.s[i:i+1]) { // {{ or }}
			out.add(after.slice(0, 1))
			rest = after.slice(1, len(after.s))
			continue
		}
		end := strings.IndexByte(after.s, '}')
		if rest.s[i] == '}' || end < 0 {
			fail("a single %c in a format", rest.s[i])
		}
		v := r.str(field(a, after.s[:end], &automatic))
		r.allocText(v)
		out.add(v)
		rest = after.slice(end+1, len(after.s))
	}
	out.add(rest)
	r.allocText(format)
	return out.text()
}

// field returns the argument that a field of a format names.
func field(a arguments, name string, automatic *int) value {
	if name == "" {
		name = strconv.Itoa(*automatic)
		*automatic++
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || i >= len(a.positional) {
			fail("no argument %d for a format", i)
		}
		return a.positional[i]
	}
	v, ok := a.named[name]
	if !ok {
		fail("a field {%s}, of which this interpreter knows names and numbers of arguments only", name)
	}
	return v
}
