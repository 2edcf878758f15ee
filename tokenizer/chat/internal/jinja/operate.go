package jinja

import (
	"math"
	"strings"
)

func (b *binary) eval(r *run, s *scope) value {
	left := r.eval(b.left, s)
	switch {
	case b.operator == "and" && !truth(left), b.operator == "or" && truth(left):
		return left
	}
	right := r.eval(b.right, s)
	r.line = b.line
	switch b.operator {
	case "and", "or":
		return right
	case "~":
		return r.concat(r.str(left), r.str(right))
	}
	return r.operate(b.operator, left, right)
}

func (r *run) concat(parts ...text) text {
	r.allocText(parts...)
	var b builder
	for _, p := range parts {
		b.add(p)
	}
	return b.text()
}

// operate is an arithmetic operator.
func (r *run) operate(operator string, left, right value) value {
	defined(left)
	if format, ok := left.(text); ok && operator == "%" {
		return r.percent(format, right)
	}
	defined(right)
	switch a := left.(type) {
	case text:
		if b, ok := right.(text); ok && operator == "+" {
			return r.concat(a, b)
		}
	case *list:
		if b, ok := right.(*list); ok && operator == "+" && a.tuple == b.tuple {
			r.list(len(a.items) + len(b.items))
			return &list{append(a.items[:len(a.items):len(a.items)], b.items...), a.tuple}
		}
	}
	if operator == "*" {
		if v, ok := r.repeat(left, right); ok {
			return v
		}
	}
	x, leftIsInt := integer(left)
	y, rightIsInt := integer(right)
	if leftIsInt && rightIsInt && operator != "/" {
		return integers(operator, x, y)
	}
	f, ok := number(left)
	g, also := number(right)
	if !ok || !also {
		fail("%s %s %s", kind(left), operator, kind(right))
	}
	return floats(operator, f, g)
}

// repeat is a string or a list times a number.
func (r *run) repeat(left, right value) (value, bool) {
	n, ok := integer(right)
	of := left
	if !ok {
		n, ok = integer(left)
		of = right
	}
	if !ok {
		return nil, false
	}
	n = max(n, 0)
	switch v := of.(type) {
	case text:
		r.allocEach(n, int64(len(v.s)+16*len(v.typed)))
		if len(v.typed) == 0 {
			return plain(strings.Repeat(v.s, int(n))), true
		}
		var b builder
		for i := int64(0); i < n && v.s != ""; i++ {
			b.add(v)
		}
		return b.text(), true
	case *list:
		r.allocEach(n, int64(len(v.items))*itemBytes)
		out := &list{tuple: v.tuple}
		for i := int64(0); i < n && len(v.items) > 0; i++ {
			out.items = append(out.items, v.items...)
		}
		return out, true
	}
	return nil, false
}

// maxInt is the most that a count of parts may be, so that it fits an int everywhere.
const maxInt = math.MaxInt32

func integers(operator string, x, y int64) value {
	switch operator {
	case "+":
		if sum := x + y; (sum > x) == (y > 0) {
			return sum
		}
	case "-":
		if difference := x - y; (difference < x) == (y > 0) {
			return difference
		}
	case "*":
		if x == 0 || y == 0 {
			return int64(0)
		}
		if product := x * y; product/y == x && (x != -1 || y != math.MinInt64) && (y != -1 || x != math.MinInt64) {
			return product
		}
	case "//", "%":
		if y == 0 {
			fail("division by zero")
		}
		return divided(operator, x, y)
	case "**":
		return power(x, y)
	}
	fail("%d %s %d is too large", x, operator, y)
	return nil
}

// divided rounds down, as Python does: the remainder has the sign of y.
func divided(operator string, x, y int64) value {
	if y == -1 { // the one quotient that can be too large
		if operator == "%" {
			return int64(0)
		}
		return integers("-", 0, x)
	}
	quotient, rest := x/y, x%y
	if rest != 0 && (rest < 0) != (y < 0) {
		quotient, rest = quotient-1, rest+y
	}
	if operator == "%" {
		return rest
	}
	return quotient
}

func power(x, y int64) value {
	if y < 0 {
		return floats("**", float64(x), float64(y))
	}
	if x == 0 || x == 1 || x == -1 {
		y = min(y, 2+y%2)
	}
	result := value(int64(1))
	for ; y > 0; y-- {
		result = integers("*", result.(int64), x)
	}
	return result
}

func floats(operator string, f, g float64) value {
	if g == 0 && strings.ContainsAny(operator, "/%") || operator == "**" && f == 0 && g < 0 {
		fail("division by zero")
	}
	switch operator {
	case "+":
		return f + g
	case "-":
		return f - g
	case "*":
		return f * g
	case "/":
		return f / g
	case "//":
		return math.Floor(f / g)
	case "%":
		rest := math.Mod(f, g)
		if rest != 0 && (rest < 0) != (g < 0) {
			rest += g
		}
		return rest
	}
	return math.Pow(f, g)
}

func (c *comparison) eval(r *run, s *scope) value {
	left := r.eval(c.first, s)
	for i, operator := range c.operators {
		right := r.eval(c.others[i], s)
		r.line = c.line
		if !r.holds(operator, left, right) {
			return false
		}
		left = right
	}
	return true
}

// holds reports whether a comparison is true.
func (r *run) holds(operator string, left, right value) bool {
	switch operator {
	case "==":
		return r.equal(left, right)
	case "!=":
		return !r.equal(left, right)
	case "in":
		return r.in(left, right)
	case "not in":
		return !r.in(left, right)
	}
	defined(left)
	defined(right)
	order := r.compare(left, right)
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// in reports whether a collection holds a value, a string another one.
func (r *run) in(v, collection value) bool {
	switch c := collection.(type) {
	case undefined:
		return false
	case text:
		part, ok := v.(text)
		if !ok {
			fail("%s in a str", kind(v))
		}
		r.search(c)
		return strings.Contains(c.s, part.s)
	case *dict:
		_, ok := r.get(c, v)
		return ok
	case *list:
		for _, item := range c.items {
			if r.equal(v, item) {
				return true
			}
		}
		return false
	}
	fail("in %s", kind(collection))
	return false
}
