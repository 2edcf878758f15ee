package jinja

import (
	"slices"
	"strconv"
)

// postfix parses attributes, keys and calls behind an expression.
func (p *parser) postfix(e expression) expression {
	for {
		switch {
		case p.skip(operator, "."):
			if p.is(integerLiteral) {
				n, _ := strconv.ParseInt(p.next().s, 0, 64)
				e = &item{e, &constant{n}}
			} else {
				e = &attribute{e, p.expect(name).s}
			}
		case p.skip(operator, "["):
			e = p.subscript(e)
		case p.is(operator, "("):
			line := p.current().line
			e = &call{e, p.arguments(), line}
		default:
			return e
		}
	}
}

func (p *parser) subscript(of expression) expression {
	at := func() bool { return p.is(operator, ":", "]", ",") }
	s := &slice{of: of}
	if !p.is(operator, ":") {
		s.from = p.expression()
		if !p.is(operator, ":") {
			key := s.from
			if p.is(operator, ",") {
				p.fail("unexpected \",\" in a key")
			}
			p.expect(operator, "]")
			return &item{of, key}
		}
	}
	p.expect(operator, ":")
	if !at() {
		s.to = p.expression()
	}
	if p.skip(operator, ":") && !at() {
		s.step = p.expression()
	}
	p.expect(operator, "]")
	return s
}

// filters parses filters, tests and calls behind an expression.
func (p *parser) filters(e expression) expression {
	for {
		switch {
		case p.is(operator, "|"):
			p.next()
			e = p.filter(e)
		case p.is(name, "is"):
			e = p.test(e)
		case p.is(operator, "("):
			line := p.current().line
			e = &call{e, p.arguments(), line}
		default:
			return e
		}
	}
}

func (p *parser) dottedName() string {
	s := p.expect(name).s
	for p.skip(operator, ".") {
		s += "." + p.expect(name).s
	}
	return s
}

func (p *parser) filter(of expression) expression {
	f := &filter{of: of, line: p.current().line, name: p.dottedName()}
	if p.is(operator, "(") {
		f.arguments = p.arguments()
	}
	return f
}

// blockFilters parses the filters of a block, which apply to its text.
func (p *parser) blockFilters() expression {
	f := p.filter(blockText{})
	for p.skip(operator, "|") {
		f = p.filter(f)
	}
	return f
}

func (p *parser) test(of expression) expression {
	line := p.next().line
	negated := p.skip(name, "not")
	t := &test{of: of, line: line, name: p.dottedName()}
	switch {
	case p.is(operator, "("):
		t.arguments = p.arguments()
	case p.is(name, "is"):
		p.fail("a test of a test's result")
	case p.is(name) && !p.is(name, "else", "or", "and"),
		p.is(stringLiteral), p.is(integerLiteral), p.is(floatLiteral), p.is(operator, "[", "{"):
		t.arguments.positional = []expression{p.postfix(p.primary())}
	}
	if negated {
		return &unary{"not", t}
	}
	return t
}

// arguments parses what stands between the parentheses of a call.
func (p *parser) arguments() (a argumentList) {
	p.expect(operator, "(")
	for first := true; !p.skip(operator, ")"); first = false {
		if !first {
			p.expect(operator, ",")
			if p.skip(operator, ")") {
				break
			}
		}
		p.argument(&a)
	}
	return a
}

func (p *parser) argument(a *argumentList) {
	wrong := func(is bool) {
		if is {
			p.fail("arguments in a wrong order")
		}
	}
	switch {
	case p.skip(operator, "*"):
		wrong(a.rest != nil || a.byName != nil)
		a.rest = p.expression()
	case p.skip(operator, "**"):
		wrong(a.byName != nil)
		a.byName = p.expression()
	case p.is(name) && p.tokens[1].kind == operator && p.tokens[1].s == "=":
		wrong(a.byName != nil || slices.Contains(a.names, p.current().s))
		a.names = append(a.names, p.next().s)
		p.next()
		a.named = append(a.named, p.expression())
	default:
		wrong(a.rest != nil || a.byName != nil || len(a.names) > 0)
		a.positional = append(a.positional, p.expression())
	}
}
