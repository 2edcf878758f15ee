package jinja

import "slices"

// arguments are what a call hands over.
type arguments struct {
	positional []value
	named      map[string]value
	order      []string // of the names
}

func (a *arguments) name(name string, v value) {
	if a.named == nil {
		a.named = map[string]value{}
	}
	if _, ok := a.named[name]; ok {
		fail("two values for the argument %s", name)
	}
	a.named[name] = v
	a.order = append(a.order, name)
}

// arguments evaluates the arguments of a call.
func (r *run) arguments(l *argumentList, s *scope) arguments {
	var a arguments
	r.list(len(l.positional) + 2*len(l.named))
	for _, e := range l.positional {
		a.positional = append(a.positional, r.eval(e, s))
	}
	for i, e := range l.named {
		a.name(l.names[i], r.eval(e, s))
	}
	if l.rest != nil {
		items := r.iterate(r.eval(l.rest, s))
		r.list(len(items))
		a.positional = append(a.positional, items...)
	}
	if l.byName != nil {
		r.addNamed(&a, r.eval(l.byName, s))
	}
	return a
}

func (r *run) addNamed(a *arguments, v value) {
	d, ok := v.(*dict)
	if !ok {
		fail("** before %s", kind(v))
	}
	r.list(len(d.keys))
	for i, key := range d.keys {
		name, ok := key.(text)
		if !ok {
			fail("%s as the name of an argument", kind(key))
		}
		a.name(name.s, d.values[i])
	}
}

func (c *call) eval(r *run, s *scope) value {
	of := r.eval(c.of, s)
	a := r.arguments(&c.arguments, s)
	r.line = c.line
	return r.call(of, a)
}

func (r *run) call(of value, a arguments) value {
	defined(of)
	switch f := of.(type) {
	case *function:
		return f.call(r, a)
	case *loop:
		if f.recurse != nil {
			return f.recurse(r, a)
		}
	}
	fail("%s can't be called", kind(of))
	return nil
}

// absent is the value of a parameter that a call leaves out.
type absent struct{}

// bind returns the arguments of a function in the order of its parameters, of
// which the first ones are required.
func (a arguments) bind(function string, required int, parameters ...string) []value {
	if len(a.positional) > len(parameters) {
		fail("%s takes at most %d arguments", function, len(parameters))
	}
	out := make([]value, len(parameters))
	for i := range out {
		out[i] = absent{}
	}
	copy(out, a.positional)
	for _, name := range a.order {
		i := slices.Index(parameters, name)
		switch {
		case i < 0:
			fail("%s takes no argument named %s", function, name)
		case i < len(a.positional):
			fail("%s gets two values for %s", function, name)
		}
		out[i] = a.named[name]
	}
	for i := range required {
		if out[i] == (absent{}) {
			fail("%s needs the argument %s", function, parameters[i])
		}
	}
	return out
}

// asText returns an argument that must be a string.
func asText(v value) text {
	t, ok := v.(text)
	if !ok {
		fail("%s where a str is expected", kind(v))
	}
	return t
}

// asInt returns an argument that must be an int, or what it is when absent.
func asInt(v value, otherwise int64) int64 {
	if v == (absent{}) {
		return otherwise
	}
	n, ok := integer(v)
	if !ok {
		fail("%s where an int is expected", kind(v))
	}
	return n
}

// isTrue reports whether an argument is given and true.
func isTrue(v value) bool { return v != (absent{}) && truth(v) }

// given reports whether an argument is given and isn't None.
func given(v value) bool { return v != nil && v != (absent{}) }

// globals are the functions that a template finds.
var globals = map[string]value{
	"range":           &function{"range", rangeOf},
	"dict":            &function{"dict", dictFrom},
	"namespace":       &function{"namespace", newNamespace},
	"raise_exception": &function{"raise_exception", raise},
	"strftime_now":    &function{"strftime_now", strftimeNow},
}

func rangeOf(r *run, a arguments) value {
	v := a.bind("range", 1, "start", "stop", "step")
	start, stop, step := int64(0), asInt(v[0], 0), asInt(v[2], 1)
	if v[1] != (absent{}) {
		start, stop = stop, asInt(v[1], 0)
	}
	if step == 0 {
		fail("a range with step 0")
	}
	n := 0
	if span := float64(stop) - float64(start); span/float64(step) > maxRange {
		fail("a range of more than %d numbers", maxRange)
	}
	out := &list{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if n++; n > maxRange {
			fail("a range of more than %d numbers", maxRange)
		}
		r.list(1)
		out.items = append(out.items, i)
	}
	return out
}

func dictFrom(r *run, a arguments) value {
	out := newDict()
	if len(a.positional) > 1 {
		fail("dict takes at most one argument")
	}
	if len(a.positional) == 1 {
		r.addPairs(out, a.positional[0])
	}
	for _, name := range a.order {
		r.set(out, plain(name), a.named[name])
	}
	return out
}

// addPairs adds the items of a dict, or of a list of pairs.
func (r *run) addPairs(to *dict, from value) {
	if d, ok := from.(*dict); ok {
		for i, key := range d.keys {
			r.set(to, key, d.values[i])
		}
		return
	}
	for _, pair := range r.iterate(from) {
		kv := r.iterate(pair)
		if len(kv) != 2 {
			fail("%d values, expected a key and a value", len(kv))
		}
		r.set(to, kv[0], kv[1])
	}
}

func newNamespace(r *run, a arguments) value {
	d := dictFrom(r, a).(*dict)
	n := &namespace{map[string]value{}}
	for i, key := range d.keys {
		n.set(r, asText(key).s, d.values[i])
	}
	return n
}

func raise(r *run, a arguments) value {
	message := a.bind("raise_exception", 1, "message")[0]
	panic(failure{&RaisedError{r.str(message).s}})
}

func strftimeNow(r *run, a arguments) value {
	format := asText(a.bind("strftime_now", 1, "format")[0]).s
	r.alloc(16 * len(format))
	return plain(r.now(format))
}
