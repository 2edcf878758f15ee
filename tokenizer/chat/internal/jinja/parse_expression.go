package jinja

import (
	"slices"
	"strconv"
)

// parser makes statements of tokens.
type parser struct {
	tokens []token
	depth  int
	macros []*macro // those that the parser is inside of, innermost last
	loops  int      // for loops that it is inside of, within the innermost macro
}

func (p *parser) current() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != endOfSource {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) fail(format string, arguments ...any) {
	line := p.current().line
	defer func() { panic(failure{atLine(recover().(failure).err, line)}) }()
	fail(format, arguments...)
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail("more than %d levels of nesting", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) is(kind tokenKind, s ...string) bool {
	t := p.current()
	return t.kind == kind && (len(s) == 0 || slices.Contains(s, t.s))
}

// skip moves on if the current token is this one.
func (p *parser) skip(kind tokenKind, s string) bool {
	if !p.is(kind, s) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(kind tokenKind, s ...string) token {
	if !p.is(kind, s...) {
		want := "a name"
		if len(s) > 0 {
			want = strconv.Quote(s[0])
		}
		p.fail("found %s, expected %s", p.found(), want)
	}
	return p.next()
}

// found names the current token.
func (p *parser) found() string {
	if p.current().kind == endOfSource {
		return "the end of the template"
	}
	return strconv.Quote(p.current().s)
}

func (p *parser) expression() expression {
	p.enter()
	defer p.leave()
	e := p.or()
	for p.skip(name, "if") {
		c := &conditional{condition: p.or(), then: e}
		if p.skip(name, "else") {
			c.otherwise = p.expression()
		}
		e = c
	}
	return e
}

func (p *parser) or() expression {
	e := p.and()
	for p.is(name, "or") {
		line := p.next().line
		e = &binary{"or", e, p.and(), line}
	}
	return e
}

func (p *parser) and() expression {
	e := p.not()
	for p.is(name, "and") {
		line := p.next().line
		e = &binary{"and", e, p.not(), line}
	}
	return e
}

func (p *parser) not() expression {
	if p.skip(name, "not") {
		p.enter()
		defer p.leave()
		return &unary{"not", p.not()}
	}
	return p.comparison()
}

func (p *parser) comparison() expression {
	c := &comparison{line: p.current().line}
	c.first = p.sum()
	for {
		var o string
		switch {
		case p.is(operator, "==", "!=", "<", "<=", ">", ">="):
			o = p.next().s
		case p.is(name, "in"):
			o = p.next().s
		case p.is(name, "not") && p.tokens[1].kind == name && p.tokens[1].s == "in":
			p.next()
			p.next()
			o = "not in"
		default:
			if len(c.others) == 0 {
				return c.first
			}
			return c
		}
		c.operators, c.others = append(c.operators, o), append(c.others, p.sum())
	}
}

// chain parses operands with operators of one strength between them, which bind
// to the left.
func (p *parser) chain(operand func() expression, operators ...string) expression {
	e := operand()
	for p.is(operator, operators...) {
		o := p.next()
		e = &binary{o.s, e, operand(), o.line}
	}
	return e
}

func (p *parser) sum() expression { return p.chain(p.joined, "+", "-") }

func (p *parser) joined() expression { return p.chain(p.product, "~") }

func (p *parser) product() expression { return p.chain(p.power, "*", "/", "//", "%") }

func (p *parser) power() expression {
	return p.chain(func() expression { return p.unary(true) }, "**")
}

func (p *parser) unary(withFilters bool) expression {
	var e expression
	if p.is(operator, "-", "+") {
		p.enter()
		defer p.leave()
		o := p.next().s
		e = &unary{o, p.unary(false)}
	} else {
		e = p.primary()
	}
	e = p.postfix(e)
	if withFilters {
		e = p.filters(e)
	}
	return e
}

func (p *parser) primary() expression {
	t := p.current()
	switch t.kind {
	case name:
		p.next()
		return p.named(t.s)
	case stringLiteral:
		s := ""
		for p.is(stringLiteral) {
			s += p.next().s
		}
		return &constant{plain(s)}
	case integerLiteral:
		p.next()
		n, err := strconv.ParseInt(t.s, 0, 64)
		if err != nil {
			p.fail("%s is too large", t.s)
		}
		return &constant{n}
	case floatLiteral:
		p.next()
		f, _ := strconv.ParseFloat(t.s, 64) // infinite if too large, as in Python
		return &constant{f}
	}
	switch {
	case p.skip(operator, "("):
		e := p.tuple(true, p.expression)
		p.expect(operator, ")")
		return e
	case p.skip(operator, "["):
		return &listOf{items: p.items("]")}
	case p.skip(operator, "{"):
		return p.dict()
	}
	p.fail("unexpected %s", p.found())
	return nil
}

func (p *parser) named(s string) expression {
	switch s {
	case "true", "True":
		return &constant{true}
	case "false", "False":
		return &constant{false}
	case "none", "None":
		return &constant{nil}
	case "varargs", "kwargs", "caller":
		if n := len(p.macros); n > 0 {
			p.macros[n-1].uses[s] = true
		}
	}
	return &variable{s}
}

// tuple parses one operand, or several with commas between them.
func (p *parser) tuple(mayBeEmpty bool, operand func() expression) expression {
	var items []expression
	isTuple := false
	for {
		if p.is(variableEnd) || p.is(blockEnd) || p.is(operator, ")") {
			break
		}
		items = append(items, operand())
		if !p.skip(operator, ",") {
			break
		}
		isTuple = true
	}
	if len(items) == 1 && !isTuple {
		return items[0]
	}
	if len(items) == 0 && !mayBeEmpty {
		p.fail("found %s, expected an expression", p.found())
	}
	return &listOf{items, true}
}

// items parses expressions up to a closing bracket.
func (p *parser) items(closing string) []expression {
	var out []expression
	for !p.skip(operator, closing) {
		if len(out) > 0 {
			p.expect(operator, ",")
			if p.skip(operator, closing) {
				break
			}
		}
		out = append(out, p.expression())
	}
	return out
}

func (p *parser) dict() expression {
	d := &dictOf{}
	for !p.skip(operator, "}") {
		if len(d.keys) > 0 {
			p.expect(operator, ",")
			if p.skip(operator, "}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(operator, ":")
		d.values = append(d.values, p.expression())
	}
	return d
}
