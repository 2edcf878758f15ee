package jinja

import (
	"strings"
	"time"
)

// run is one rendering of a template.
type run struct {
	budget
	out  *builder // what is written goes here
	top  *builder // the text of the whole
	line int      // of the source, for errors
	now  func(format string) string
}

// eval returns the value of an expression.
func (r *run) eval(e expression, s *scope) value {
	r.step(1)
	r.enter()
	v := e.eval(r, s)
	r.leave()
	return v
}

// exec runs statements up to one that leaves them.
func (r *run) exec(body []statement, s *scope) flow {
	r.enter()
	for _, statement := range body {
		r.step(1)
		if f := statement.exec(r, s); f != onward {
			r.leave()
			return f
		}
	}
	r.leave()
	return onward
}

// write appends to what the template has written.
func (r *run) write(t text) {
	r.allocText(t)
	if r.out == r.top {
		if r.output -= len(t.s); r.output < 0 {
			fail("more than %d MiB of text", maxOutput>>20)
		}
	}
	r.out.add(t)
}

// capture returns what do writes.
func (r *run) capture(do func()) text {
	before := r.out
	r.out = &builder{}
	do()
	t := r.out.text()
	r.out = before
	return t
}

// assign puts a value where a target says.
func (r *run) assign(s *scope, to target, v value) {
	switch {
	case to.isTuple:
		items := r.iterate(v)
		if len(items) != len(to.parts) {
			fail("%d values for %d names", len(items), len(to.parts))
		}
		for i, part := range to.parts {
			r.assign(s, part, items[i])
		}
	case to.attribute != "":
		holder, _ := s.get(r, to.name)
		n, ok := holder.(*namespace)
		if !ok {
			fail("%s isn't a namespace", to.name)
		}
		n.set(r, to.attribute, v)
	default:
		s.set(r, to.name, v)
	}
}

func (n *namespace) set(r *run, name string, v value) {
	if strings.HasPrefix(name, "_") {
		fail("attribute %q of a namespace begins with _", name)
	}
	r.alloc(64)
	n.vars[name] = v
}

// iterate returns the items of a value: a dict's are its keys, a string's its
// characters.
func (r *run) iterate(v value) []value {
	switch v := v.(type) {
	case undefined:
		return nil
	case *list:
		return v.items
	case *dict:
		return v.keys
	case text:
		r.list(len(v.s))
		out := make([]value, 0, len(v.s))
		at := offsets(v.s)
		for i := range len(at) - 1 {
			out = append(out, v.slice(at[i], at[i+1]))
		}
		return out
	}
	fail("%s can't be iterated over", kind(v))
	return nil
}

// clock returns the function strftime_now of a day. A day that isn't written as
// in "26 Jul 2024" is printed as it is, whatever the format.
func clock(day string) func(format string) string {
	t, err := time.Parse("02 Jan 2006", day)
	if err != nil {
		return func(string) string { return day }
	}
	return func(format string) string { return strftime(t, format) }
}
