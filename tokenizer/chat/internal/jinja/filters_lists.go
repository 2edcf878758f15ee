package jinja

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// keyOf returns a function that takes the attribute of an item that an argument
// names, such as "function.name" or 0; if the argument is absent, the item
// itself.
func (r *run) keyOf(attribute value) func(item value) value {
	if !given(attribute) {
		return func(item value) value { return item }
	}
	if n, ok := integer(attribute); ok {
		return func(item value) value { return r.item(item, n) }
	}
	var path []value
	for _, part := range strings.Split(asText(attribute).s, ".") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			path = append(path, n)
		} else {
			path = append(path, plain(part))
		}
	}
	return func(item value) value {
		for _, part := range path {
			item = r.item(item, part)
		}
		return item
	}
}

// folded is a key for sorting: unless case matters, strings are in lower case.
func (r *run) folded(v value, caseSensitive bool) value {
	if t, ok := v.(text); ok && !caseSensitive {
		return r.lower(t)
	}
	return v
}

// sorted returns the items in the order of their keys.
func (r *run) sorted(items []value, key func(value) value, caseSensitive, reversed bool) []value {
	type keyed struct{ key, item value }
	r.list(3 * len(items))
	all := make([]keyed, len(items))
	for i, item := range items {
		all[i] = keyed{r.folded(key(item), caseSensitive), item}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		switch { // equal keys need no order
		case r.equal(a.key, b.key):
			return 0
		case reversed:
			return r.compare(b.key, a.key)
		}
		return r.compare(a.key, b.key)
	})
	out := make([]value, len(all))
	for i, k := range all {
		out[i] = k.item
	}
	return out
}

func sortFilter(r *run, v value, a arguments) value {
	b := a.bind("sort", 0, "reverse", "case_sensitive", "attribute")
	return &list{items: r.sorted(r.iterate(v), r.keyOf(b[2]), isTrue(b[1]), isTrue(b[0]))}
}

func dictSort(r *run, v value, a arguments) value {
	b := a.bind("dictsort", 0, "case_sensitive", "by", "reverse")
	d, ok := v.(*dict)
	if !ok {
		fail("dictsort of %s", kind(v))
	}
	place := int64(0)
	if given(b[1]) {
		switch asText(b[1]).s {
		case "key":
		case "value":
			place = 1
		default:
			fail("dictsort by %q", asText(b[1]).s)
		}
	}
	return &list{items: r.sorted(r.items(d).items, r.keyOf(place), isTrue(b[0]), isTrue(b[2]))}
}

// extreme returns the filter min or max; the first of equal items wins.
func extreme(name string, sign int) filterFunction {
	return func(r *run, v value, a arguments) value {
		b := a.bind(name, 0, "case_sensitive", "attribute")
		items, key := r.iterate(v), r.keyOf(b[1])
		if len(items) == 0 {
			return undefined{"the " + name + " of nothing"}
		}
		best := items[0]
		of := func(item value) value { return r.folded(key(item), isTrue(b[0])) }
		for _, item := range items[1:] {
			if sign*r.compare(of(item), of(best)) > 0 {
				best = item
			}
		}
		return best
	}
}

func unique(r *run, v value, a arguments) value {
	b := a.bind("unique", 0, "case_sensitive", "attribute")
	key, seen, out := r.keyOf(b[1]), newDict(), &list{}
	for _, item := range r.iterate(v) {
		k := r.folded(key(item), isTrue(b[0]))
		if _, ok := r.get(seen, k); ok {
			continue
		}
		r.list(1)
		r.set(seen, k, nil)
		out.items = append(out.items, item)
	}
	return out
}

func sum(r *run, v value, a arguments) value {
	b := a.bind("sum", 0, "attribute", "start")
	total := b[1]
	if total == (absent{}) {
		total = int64(0)
	}
	key := r.keyOf(b[0])
	for _, item := range r.iterate(v) {
		total = r.operate("+", total, key(item))
	}
	return total
}

// mapFilter applies a filter, or takes an attribute, of each item.
func mapFilter(r *run, v value, a arguments) value {
	var of func(item value) value
	if attribute, ok := a.named["attribute"]; ok && len(a.positional) == 0 {
		otherwise, hasDefault := a.named["default"]
		key := r.keyOf(attribute)
		of = func(item value) value {
			found := key(item)
			if _, missing := found.(undefined); missing && hasDefault {
				return otherwise
			}
			return found
		}
	} else {
		name, rest := a.function("map")
		of = func(item value) value { return r.filter(name, item, rest) }
	}
	items := r.iterateTrue(v)
	r.list(len(items))
	out := &list{items: make([]value, len(items))}
	for i, item := range items {
		out.items[i] = of(item)
	}
	return out
}

// iterateTrue returns the items of a value, and none if the value isn't true.
func (r *run) iterateTrue(v value) []value {
	if !truth(v) {
		return nil
	}
	return r.iterate(v)
}

// function splits off the name of a filter or test that arguments begin with.
func (a arguments) function(of string) (name string, rest arguments) {
	if len(a.positional) == 0 {
		fail("%s needs a name", of)
	}
	rest = a
	rest.positional = a.positional[1:]
	return asText(a.positional[0]).s, rest
}

// choose returns a filter that keeps the items, or those with an attribute, for
// which a test has the wanted result.
func choose(name string, byAttribute, want bool) filterFunction {
	return func(r *run, v value, a arguments) value {
		key := func(item value) value { return item }
		if byAttribute {
			if len(a.positional) == 0 {
				fail("%s needs an attribute", name)
			}
			key = r.keyOf(a.positional[0])
			a.positional = a.positional[1:]
		}
		holds := truth
		if len(a.positional) > 0 {
			test, rest := a.function(name)
			holds = func(item value) bool { return r.test(test, item, rest) }
		}
		out := &list{}
		for _, item := range r.iterateTrue(v) {
			r.step(1)
			if holds(key(item)) == want {
				r.list(1)
				out.items = append(out.items, item)
			}
		}
		return out
	}
}

// round rounds half to even, as Python does.
func round(_ *run, v value, a arguments) value {
	b := a.bind("round", 0, "precision", "method")
	f, ok := number(v)
	if !ok {
		fail("round of %s", kind(v))
	}
	precision := asInt(b[0], 0)
	if precision < -300 || precision > 300 {
		fail("round to %d digits", precision)
	}
	how := "common"
	if given(b[1]) {
		how = asText(b[1]).s
	}
	scale := math.Pow10(int(precision))
	switch how {
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	case "common":
	default:
		fail("round by %q", how)
	}
	n, isInt := integer(v)
	switch {
	case isInt && precision >= 0:
		return n
	case isInt:
		return int64(math.RoundToEven(f*scale) / scale)
	case precision < 0:
		return math.RoundToEven(f*scale) / scale
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
	return rounded
}
