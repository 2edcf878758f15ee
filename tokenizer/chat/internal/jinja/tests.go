package jinja

import "unicode"

// test returns the result of a test of a value, as in "value is name(…)".
func (r *run) test(name string, v value, a arguments) bool {
	if operator, ok := comparisons[name]; ok {
		return r.holds(operator, v, a.bind(name, 1, "other")[0])
	}
	if is, ok := kinds[name]; ok {
		a.bind(name, 0)
		return is(v)
	}
	switch name {
	case "divisibleby":
		return !truth(r.operate("%", v, a.bind(name, 1, "num")[0]))
	case "odd", "even":
		a.bind(name, 0)
		return truth(r.operate("%", v, int64(2))) == (name == "odd")
	case "sameas":
		other := a.bind(name, 1, "other")[0]
		return kind(v) == kind(other) && r.equal(v, other)
	case "lower":
		return r.isCase(r.str(v), unicode.IsUpper)
	case "upper":
		return r.isCase(r.str(v), unicode.IsLower)
	case "filter":
		_, ok := filters[asText(v).s]
		return ok
	}
	fail("no test named %s", name)
	return false
}

func (t *test) eval(r *run, s *scope) value {
	v := r.eval(t.of, s)
	a := r.arguments(&t.arguments, s)
	r.line = t.line
	return r.test(t.name, v, a)
}

// comparisons are the tests that are operators.
var comparisons = map[string]string{
	"==": "==", "eq": "==", "equalto": "==", "!=": "!=", "ne": "!=", "<": "<", "lt": "<", "lessthan": "<", "<=": "<=", "le": "<=",
	">": ">", "gt": ">", "greaterthan": ">", ">=": ">=", "ge": ">=", "in": "in",
}

// kinds are the tests of what a value is.
var kinds = map[string]func(v value) bool{
	"defined":   func(v value) bool { return !is[undefined](v) },
	"undefined": is[undefined],
	"none":      func(v value) bool { return v == nil },
	"boolean":   is[bool],
	"true":      func(v value) bool { return v == true },
	"false":     func(v value) bool { return v == false },
	"integer":   is[int64],
	"float":     is[float64],
	"number":    func(v value) bool { _, ok := number(v); return ok },
	"string":    is[text],
	"mapping":   is[*dict],
	"sequence":  isCollection,
	"iterable":  isCollection,
	"callable":  func(v value) bool { return is[*function](v) || is[*loop](v) || is[undefined](v) },
	"escaped":   func(value) bool { return false },
}

func is[T any](v value) bool {
	_, ok := v.(T)
	return ok
}

func isCollection(v value) bool {
	return is[text](v) || is[*list](v) || is[*dict](v) || is[undefined](v)
}
