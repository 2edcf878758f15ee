package jinja

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// value is what an expression gives: nil (Python's None), undefined, bool,
// int64, float64, text, *list, *dict, or an object.
type value any

// undefined is the value of a name, key or index that isn't there. It prints as
// nothing, and most other uses of it fail.
type undefined struct{ name string }

// list is a list or a tuple. Nothing changes it.
type list struct {
	items []value
	tuple bool
}

// dict keeps its keys in the order in which they were given. Nothing changes it
// once it is built.
type dict struct {
	keys   []value
	values []value
	at     map[any]int // where a key, as of hashed, is in keys
}

// namespace is the one thing that a template may change.
type namespace struct{ vars map[string]value }

// function is a macro, a global function or a method.
type function struct {
	name string
	call func(r *run, a arguments) value
}

// object is a *namespace, a *function or a *loop: it has attributes, no keys.
type object interface {
	attribute(name string) (value, bool)
}

func (n *namespace) attribute(name string) (value, bool) {
	v, ok := n.vars[name]
	return v, ok
}

func (f *function) attribute(name string) (value, bool) {
	return plain(f.name), name == "name"
}

func newDict() *dict { return &dict{at: map[any]int{}} }

// hashed returns what a key is found by: equal keys give equal results.
func hashed(key value) any {
	switch k := key.(type) {
	case nil, string:
		return k
	case text:
		return k.s
	case bool, int64:
		n, _ := integer(k)
		return n
	case float64:
		if n := int64(k); float64(n) == k {
			return n
		}
		return k
	case *list:
		if k.tuple && len(k.items) <= maxKey {
			return hashedTuple(k)
		}
	}
	fail("%s as a key", kind(key))
	return nil
}

// maxKey is the most items of a tuple that is a key. The items are no tuples.
const maxKey = 16

// hashedTuple returns what a tuple is found by.
func hashedTuple(t *list) any {
	var out [maxKey + 1]any
	out[maxKey] = len(t.items)
	for i, item := range t.items {
		if is[*list](item) {
			fail("a tuple in a key")
		}
		out[i] = hashed(item)
	}
	return out
}

func (d *dict) set(key, v value) {
	h := hashed(key)
	if i, ok := d.at[h]; ok {
		d.values[i] = v
		return
	}
	d.at[h] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, v)
}

// get returns the value of a key. It counts the steps of hashing the key.
func (r *run) get(d *dict, key value) (value, bool) {
	if t, ok := key.(text); ok {
		r.scan(t)
	}
	return d.get(key)
}

// set adds a key and its value to a dict that is being built.
func (r *run) set(d *dict, key, v value) {
	r.list(2)
	if t, ok := key.(text); ok {
		r.scan(t)
	}
	d.set(key, v)
}

func (d *dict) get(key value) (value, bool) {
	switch k := key.(type) {
	case nil, text, bool, int64, float64:
	case *list:
		if !k.tuple {
			return nil, false
		}
	default:
		return nil, false
	}
	i, ok := d.at[hashed(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// kind returns the name of a value's type, as Python calls it.
func kind(v value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case undefined:
		return "an undefined value"
	case bool:
		return "a bool"
	case int64:
		return "an int"
	case float64:
		return "a float"
	case text:
		return "a str"
	case *list:
		if v.tuple {
			return "a tuple"
		}
		return "a list"
	case *dict:
		return "a dict"
	case *namespace:
		return "a namespace"
	}
	return "a function"
}

// integer returns an int or a bool as a number.
func integer(v value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// number returns an int, a bool or a float.
func number(v value) (float64, bool) {
	if f, ok := v.(float64); ok {
		return f, true
	}
	n, ok := integer(v)
	return float64(n), ok
}

// truth reports whether a value counts as true.
func truth(v value) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case text:
		return v.s != ""
	case *list:
		return len(v.items) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// equal is Python's ==.
func (r *run) equal(a, b value) bool {
	r.step(1)
	switch a := a.(type) {
	case nil:
		return b == nil
	case undefined:
		_, ok := b.(undefined)
		return ok
	case text:
		b, ok := b.(text)
		if !ok || len(a.s) != len(b.s) {
			return false
		}
		r.scan(a)
		return a.s == b.s
	case *list:
		b, ok := b.(*list)
		if !ok || a.tuple != b.tuple {
			return false
		}
		r.enter()
		defer r.leave()
		return slices.EqualFunc(a.items, b.items, r.equal)
	case *dict:
		b, ok := b.(*dict)
		return ok && r.equalDicts(a, b)
	case object:
		return a == b
	}
	if x, ok := integer(a); ok {
		if y, ok := integer(b); ok {
			return x == y
		}
	}
	x, _ := number(a)
	y, ok := number(b)
	return ok && x == y
}

func (r *run) equalDicts(a, b *dict) bool {
	if len(a.keys) != len(b.keys) {
		return false
	}
	r.enter()
	defer r.leave()
	for i, key := range a.keys {
		if v, ok := r.get(b, key); !ok || !r.equal(a.values[i], v) {
			return false
		}
	}
	return true
}

// compare returns how a stands to b: -1, 0 or 1. It fails for values that have
// no order.
func (r *run) compare(a, b value) int {
	r.step(1)
	if x, ok := a.(text); ok {
		if y, ok := b.(text); ok {
			r.scan(x)
			return strings.Compare(x.s, y.s)
		}
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return compareNumbers(a, b, x, y)
		}
	}
	if x, ok := a.(*list); ok {
		if y, ok := b.(*list); ok && x.tuple == y.tuple {
			r.enter()
			defer r.leave()
			return slices.CompareFunc(x.items, y.items, r.compare)
		}
	}
	fail("%s has no order with %s", kind(a), kind(b))
	return 0
}

func compareNumbers(a, b value, x, y float64) int {
	if m, ok := integer(a); ok {
		if n, ok := integer(b); ok {
			x, y = 0, 0
			if m != n {
				x = 1
			}
			if m < n {
				x = -1
			}
		}
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// formatFloat writes a float as Python does.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))
	}
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
