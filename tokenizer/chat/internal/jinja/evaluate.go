package jinja

import "strings"

func (c *constant) eval(*run, *scope) value { return c.value }

func (v *variable) eval(r *run, s *scope) value {
	if found, ok := s.get(r, v.name); ok {
		return found
	}
	return undefined{v.name}
}

func (l *listOf) eval(r *run, s *scope) value {
	r.list(len(l.items))
	out := &list{make([]value, len(l.items)), l.tuple}
	for i, item := range l.items {
		out.items[i] = r.eval(item, s)
	}
	return out
}

func (d *dictOf) eval(r *run, s *scope) value {
	out := newDict()
	for i, key := range d.keys {
		k := r.eval(key, s)
		r.set(out, k, r.eval(d.values[i], s))
	}
	return out
}

func (c *conditional) eval(r *run, s *scope) value {
	switch {
	case truth(r.eval(c.condition, s)):
		return r.eval(c.then, s)
	case c.otherwise != nil:
		return r.eval(c.otherwise, s)
	}
	return undefined{"an if without else"}
}

func (u *unary) eval(r *run, s *scope) value {
	v := r.eval(u.of, s)
	if u.operator == "not" {
		return !truth(v)
	}
	defined(v)
	n, isInteger := integer(v)
	f, ok := v.(float64)
	switch {
	case !ok && !isInteger:
		fail("%s before %s", u.operator, kind(v))
	case isInteger && u.operator == "-":
		return -n
	case isInteger:
		return n
	case u.operator == "-":
		return -f
	}
	return f
}

// defined fails for a value that isn't.
func defined(v value) {
	if u, ok := v.(undefined); ok {
		fail("%s is undefined", u.name)
	}
}

func (a *attribute) eval(r *run, s *scope) value {
	of := r.eval(a.of, s)
	return r.attribute(of, a.name)
}

// attribute returns the value of of.name: a method or an attribute, or, if there is none,
// the item of that key.
func (r *run) attribute(of value, name string) value {
	defined(of)
	if v, ok := method(of, name); ok {
		return v
	}
	if d, ok := of.(*dict); ok {
		if v, ok := r.get(d, plain(name)); ok {
			return v
		}
	}
	return undefined{"the attribute " + name}
}

// method returns a method or an attribute of a value. Those that change a value
// aren't there, and none begins with _.
func method(of value, name string) (value, bool) {
	if strings.HasPrefix(name, "_") {
		return nil, false
	}
	if o, ok := of.(object); ok {
		return o.attribute(name)
	}
	var call func(r *run, a arguments) value
	switch v := of.(type) {
	case text:
		if m, ok := textMethods[name]; ok {
			call = func(r *run, a arguments) value { return m(r, v, a) }
		}
	case *dict:
		if m, ok := dictMethods[name]; ok {
			call = func(r *run, a arguments) value { return m(r, v, a) }
		}
	case *list:
		if m, ok := listMethods[name]; ok {
			call = func(r *run, a arguments) value { return m(r, v, a) }
		}
	}
	return &function{name, call}, call != nil
}

func (i *item) eval(r *run, s *scope) value {
	of := r.eval(i.of, s)
	return r.item(of, r.eval(i.key, s))
}

// item returns the value of of[key]: an item, or, if there is none, the attribute of that
// name.
func (r *run) item(of, key value) value {
	defined(of)
	name, isName := key.(text)
	if d, ok := of.(*dict); ok {
		if v, ok := r.get(d, key); ok {
			return v
		}
	}
	if n, ok := integer(key); ok {
		if v, ok := r.index(of, n); ok {
			return v
		}
	}
	if isName {
		if v, ok := method(of, name.s); ok {
			return v
		}
		return undefined{"the item " + name.s}
	}
	return undefined{"an item"}
}

// index returns the item of a list, or the character of a string, at a place; a
// place below 0 counts from the end.
func (r *run) index(of value, i int64) (value, bool) {
	switch v := of.(type) {
	case *list:
		if i < 0 {
			i += int64(len(v.items))
		}
		if i < 0 || i >= int64(len(v.items)) {
			return nil, false
		}
		return v.items[i], true
	case text:
		at := r.offsets(v)
		if i < 0 {
			i += int64(len(at) - 1)
		}
		if i < 0 || i >= int64(len(at)-1) {
			return nil, false
		}
		return v.slice(at[i], at[i+1]), true
	}
	return nil, false
}

// offsets returns where each character of t begins, and its length.
func (r *run) offsets(t text) []int {
	r.alloc(8 * (1 + len(t.s)))
	return offsets(t.s)
}

func (x *slice) eval(r *run, s *scope) value {
	of := r.eval(x.of, s)
	bound := func(e expression) *int64 {
		if e == nil {
			return nil
		}
		v := r.eval(e, s)
		if v == nil {
			return nil
		}
		n, ok := integer(v)
		if !ok {
			fail("a slice with %s", kind(v))
		}
		return &n
	}
	from, to, step := bound(x.from), bound(x.to), bound(x.step)
	defined(of)
	switch v := of.(type) {
	case *list:
		places := r.places(len(v.items), from, to, step)
		out := &list{make([]value, len(places)), v.tuple}
		for i, p := range places {
			out.items[i] = v.items[p]
		}
		return out
	case text:
		return r.sliceText(v, from, to, step)
	}
	fail("a slice of %s", kind(of))
	return nil
}

func (r *run) sliceText(t text, from, to, step *int64) value {
	at := r.offsets(t)
	places := r.places(len(at)-1, from, to, step)
	if len(places) == 0 {
		return text{}
	}
	r.allocText(t)
	if step == nil || *step == 1 {
		return t.slice(at[places[0]], at[places[len(places)-1]+1])
	}
	var b builder
	for _, p := range places {
		r.step(1 + len(t.typed))
		b.add(t.slice(at[p], at[p+1]))
	}
	return b.text()
}

// places returns which of n places a slice takes, as in Python.
func (r *run) places(n int, from, to, step *int64) []int {
	by := int64(1)
	if step != nil {
		by = *step
	}
	if by == 0 {
		fail("a slice with step 0")
	}
	size := int64(n)
	low, high := int64(0), size
	if by < 0 {
		low, high = -1, size-1
	}
	clamp := func(p *int64, otherwise int64) int64 {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += size
		}
		return min(max(i, low), high)
	}
	start, end := clamp(from, low), clamp(to, high)
	if by < 0 {
		start, end = clamp(from, high), clamp(to, low)
	}
	r.list(n)
	var out []int
	for i := start; by > 0 && i < end || by < 0 && i > end; i += by {
		out = append(out, int(i))
		if by > size || by < -size {
			break
		}
	}
	return out
}
