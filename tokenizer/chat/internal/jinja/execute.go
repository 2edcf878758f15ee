package jinja

import "slices"

func (o *output) exec(r *run, _ *scope) flow {
	r.write(plain(o.text))
	return onward
}

func (w *write) exec(r *run, s *scope) flow {
	r.line = w.line
	r.write(r.str(r.eval(w.of, s)))
	return onward
}

func (i *ifElse) exec(r *run, s *scope) flow {
	r.line = i.line
	for k, condition := range i.conditions {
		if truth(r.eval(condition, s)) {
			return r.exec(i.bodies[k], s)
		}
	}
	if len(i.bodies) > len(i.conditions) {
		return r.exec(i.bodies[len(i.conditions)], s)
	}
	return onward
}

func (v *setValue) exec(r *run, s *scope) flow {
	r.line = v.line
	r.assign(s, v.target, r.eval(v.value, s))
	return onward
}

func (b *setBlock) exec(r *run, s *scope) flow {
	r.line = b.line
	inner := s.inner()
	t := r.capture(func() { r.exec(b.body, inner) })
	r.assign(s, b.target, r.filtered(t, b.filters, s))
	return onward
}

// filtered passes the text of a block through its filters.
func (r *run) filtered(t text, filters expression, s *scope) value {
	if filters == nil {
		return t
	}
	inner := s.inner()
	inner.set(r, blockTextName, t)
	return r.eval(filters, inner)
}

// blockTextName is the variable of a block's text: no name in a source has a
// space.
const blockTextName = "the block"

func (blockText) eval(r *run, s *scope) value {
	t, _ := s.get(r, blockTextName)
	return t
}

func (f *filterBlock) exec(r *run, s *scope) flow {
	inner := s.inner()
	t := r.capture(func() { r.exec(f.body, inner) })
	r.write(r.str(r.filtered(t, f.filters, s)))
	return onward
}

func (w *withBlock) exec(r *run, s *scope) flow {
	inner := s.inner()
	for i, to := range w.targets {
		r.assign(inner, to, r.eval(w.values[i], s))
	}
	return r.exec(w.body, inner)
}

func (b *scoped) exec(r *run, s *scope) flow {
	r.exec(b.body, s.inner())
	return onward
}

func (j *jump) exec(*run, *scope) flow { return j.to }

func (f *refused) exec(r *run, _ *scope) flow {
	r.line = f.line
	fail("%s: a chat template has no other files", f.what)
	return onward
}

func (m *macro) exec(r *run, s *scope) flow {
	s.set(r, m.name, m.function(s))
	return onward
}

// function returns the macro with the variables that it sees.
func (m *macro) function(defined *scope) *function {
	return &function{m.name, func(r *run, a arguments) value {
		s := defined.inner()
		m.bind(r, s, a)
		return r.capture(func() { r.exec(m.body, s) })
	}}
}

// bind sets the parameters of a macro in its scope.
func (m *macro) bind(r *run, s *scope, a arguments) {
	n := min(len(a.positional), len(m.parameters))
	for i, name := range m.parameters {
		v, ok := a.named[name]
		switch {
		case i < n && ok:
			fail("two values for the parameter %s of %s", name, m.name)
		case i < n:
			v = a.positional[i]
		case !ok:
			v = m.missing(r, s, i)
		}
		s.set(r, name, v)
	}
	rest, extra := a.positional[n:], newDict()
	for _, name := range a.order {
		if !slices.Contains(m.parameters, name) && name != "caller" {
			r.set(extra, plain(name), a.named[name])
		}
	}
	m.bindRest(r, s, rest, extra)
	if m.uses["caller"] {
		caller, ok := a.named["caller"]
		if !ok {
			caller = undefined{"caller"}
		}
		s.set(r, "caller", caller)
	}
}

func (m *macro) bindRest(r *run, s *scope, rest []value, extra *dict) {
	if m.uses["varargs"] {
		s.set(r, "varargs", &list{rest, true})
	} else if len(rest) > 0 {
		fail("%s takes at most %d arguments", m.name, len(m.parameters))
	}
	if m.uses["kwargs"] {
		s.set(r, "kwargs", extra)
	} else if len(extra.keys) > 0 {
		fail("%s takes no argument named %s", m.name, extra.keys[0].(text).s)
	}
}

// missing returns the value of a parameter that a call doesn't give.
func (m *macro) missing(r *run, s *scope, i int) value {
	if k := i - (len(m.parameters) - len(m.defaults)); k >= 0 {
		return r.eval(m.defaults[k], s)
	}
	return undefined{m.parameters[i]}
}

func (c *callBlock) exec(r *run, s *scope) flow {
	r.line = c.caller.line
	a := r.arguments(&c.call.arguments, s)
	a.name("caller", c.caller.function(s))
	r.write(r.str(r.call(r.eval(c.call.of, s), a)))
	return onward
}
