package jinja

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's format % arguments.
func (r *run) percent(format text, of value) text {
	r.allocText(format)
	p := &percentFormat{run: r, format: format, of: of, items: []value{of}}
	if l, ok := of.(*list); ok && l.tuple {
		p.items = l.items
	}
	for {
		i := strings.IndexByte(format.s[p.at:], '%')
		if i < 0 {
			break
		}
		p.out.add(format.slice(p.at, p.at+i))
		p.at += i + 1
		p.conversion()
	}
	p.out.add(format.slice(p.at, len(format.s)))
	if l, ok := of.(*list); p.used < len(p.items) && !is[*dict](of) && !is[undefined](of) && (!ok || l.tuple) {
		fail("not all arguments are used by a format")
	}
	return p.out.text()
}

type percentFormat struct {
	*run
	format text
	at     int // bytes of format that are read
	of     value
	items  []value
	used   int
	out    builder
}

// conversionFlags matches what stands between the % of a conversion and its letter:
// flags, a width and a precision, such as "-10.3".
var conversionFlags = regexp.MustCompile(`^[#0\- +]*[0-9]*(?:\.[0-9]*)?`)

// conversion writes one value; its % is read.
func (p *percentFormat) conversion() {
	s := p.format.s[p.at:]
	named, key := strings.HasPrefix(s, "("), ""
	if named {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			fail("a format with ( and no )")
		}
		key, s = s[1:end], s[end+1:]
	}
	n := len(conversionFlags.FindString(s))
	if n == len(s) {
		fail("a format that ends in %%")
	}
	flags, verb := s[:n], s[n]
	p.at = len(p.format.s) - len(s) + n + 1
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
		p.search(t)
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
	r.allocText(format)
	at := 0 // bytes of format that are read
	for {
		i := strings.IndexAny(format.s[at:], "{}")
		if i < 0 {
			break
		}
		brace := format.s[at+i]
		out.add(format.slice(at, at+i))
		at += i + 1
		if at < len(format.s) && format.s[at] == brace { // {{ or }}
			out.add(format.slice(at, at+1))
			at++
			continue
		}
		end := strings.IndexByte(format.s[at:], '}')
		if brace == '}' || end < 0 {
			fail("a single %c in a format", brace)
		}
		v := r.str(field(a, format.s[at:at+end], &automatic))
		r.allocText(v)
		out.add(v)
		at += end + 1
	}
	out.add(format.slice(at, len(format.s)))
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
