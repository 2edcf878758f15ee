package jinja

import "slices"

// parse makes statements of a source.
func parse(source string) []statement {
	p := &parser{tokens: lex(source)}
	body := p.statements()
	if p.current().kind != endOfSource {
		p.fail("unexpected %s", p.found())
	}
	return body
}

// statements parses up to the end, or up to a tag that begins with one of the
// given words; the word is then the current token.
func (p *parser) statements(ends ...string) (body []statement) {
	p.enter()
	defer p.leave()
	for {
		t := p.current()
		switch t.kind {
		case data:
			p.next()
			body = append(body, &output{t.s})
		case variableBegin:
			p.next()
			body = append(body, &write{p.tuple(false, p.expression), t.line})
			p.expect(variableEnd, "}}")
		case blockBegin:
			p.next()
			if p.is(name) && slices.Contains(ends, p.current().s) {
				return body
			}
			body = append(body, p.statement())
			p.expect(blockEnd, "%}")
		default:
			if len(ends) > 0 {
				p.fail("found the end of the template, expected %s", ends[len(ends)-1])
			}
			return body
		}
	}
}

// body parses the end of a tag, and statements up to one of the given words.
func (p *parser) body(ends ...string) []statement {
	p.skip(operator, ":")
	p.expect(blockEnd, "%}")
	return p.statements(ends...)
}

// bodyTo parses a body and the word that ends it.
func (p *parser) bodyTo(end string) []statement {
	body := p.body(end)
	p.next()
	return body
}

func (p *parser) statement() statement {
	t := p.expect(name)
	switch t.s {
	case "if":
		return p.ifElse(t.line)
	case "for":
		return p.forLoop(t.line)
	case "set":
		return p.set(t.line)
	case "macro":
		return p.macro(t.line)
	case "call":
		return p.callBlock(t.line)
	case "with":
		return p.with()
	case "filter":
		f := p.blockFilters()
		return &filterBlock{f, p.bodyTo("endfilter")}
	case "generation":
		return &scoped{p.macroBody(&macro{}, "endgeneration")}
	case "break", "continue":
		if p.loops == 0 {
			p.fail("%s outside of a loop", t.s)
		}
		return &jump{map[string]flow{"break": breaks, "continue": continues}[t.s]}
	case "include", "import", "from", "extends":
		for !p.is(blockEnd) && !p.is(endOfSource) {
			p.next()
		}
		return &refused{t.s, t.line}
	}
	p.fail("an unknown tag %q", t.s)
	return nil
}

func (p *parser) ifElse(line int) statement {
	s := &ifElse{line: line}
	for {
		s.conditions = append(s.conditions, p.tuple(false, p.or))
		s.bodies = append(s.bodies, p.body("elif", "else", "endif"))
		switch p.next().s {
		case "endif":
			return s
		case "else":
			s.bodies = append(s.bodies, p.bodyTo("endif"))
			return s
		}
	}
}

func (p *parser) forLoop(line int) statement {
	s := &forLoop{line: line, target: p.target(false)}
	p.expect(name, "in")
	s.over = p.tuple(false, p.or)
	if p.skip(name, "if") {
		s.condition = p.expression()
	}
	s.recursive = p.skip(name, "recursive")
	p.loops++
	s.body = p.body("endfor", "else")
	p.loops--
	if p.next().s == "else" {
		s.otherwise = p.bodyTo("endfor")
	}
	return s
}

func (p *parser) set(line int) statement {
	at := p.target(true)
	if p.skip(operator, "=") {
		return &setValue{at, p.tuple(false, p.expression), line}
	}
	s := &setBlock{target: at, line: line}
	if p.skip(operator, "|") {
		s.filters = p.blockFilters()
	}
	s.body = p.bodyTo("endset")
	return s
}

// target parses where a value is put.
func (p *parser) target(mayBeAttribute bool) target {
	one := func() target {
		if p.skip(operator, "(") {
			p.enter()
			defer p.leave()
			t := p.target(false)
			p.expect(operator, ")")
			return t
		}
		t := target{name: p.assignable()}
		if mayBeAttribute && p.skip(operator, ".") {
			t.attribute = p.expect(name).s
		}
		return t
	}
	first := one()
	if !p.is(operator, ",") {
		return first
	}
	t := target{parts: []target{first}, isTuple: true}
	for p.skip(operator, ",") {
		if !p.is(name) && !p.is(operator, "(") || p.is(name, "in") {
			break
		}
		t.parts = append(t.parts, one())
	}
	return t
}

// assignable parses a name that isn't a constant's.
func (p *parser) assignable() string {
	if p.is(name, "true", "false", "none", "True", "False", "None") {
		p.fail("%s can't be set", p.found())
	}
	return p.expect(name).s
}

func (p *parser) macro(line int) statement {
	m := &macro{name: p.assignable(), line: line}
	p.signature(m)
	m.body = p.macroBody(m, "endmacro")
	return m
}

// macroBody parses a body that has its own variables.
func (p *parser) macroBody(m *macro, end string) []statement {
	m.uses = map[string]bool{}
	p.macros = append(p.macros, m)
	loops := p.loops
	p.loops = 0
	body := p.bodyTo(end)
	p.loops = loops
	p.macros = p.macros[:len(p.macros)-1]
	return body
}

func (p *parser) signature(m *macro) {
	p.expect(operator, "(")
	for !p.skip(operator, ")") {
		if len(m.parameters) > 0 {
			p.expect(operator, ",")
		}
		m.parameters = append(m.parameters, p.assignable())
		if p.skip(operator, "=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail("a parameter without a default after one that has one")
		}
	}
}

func (p *parser) callBlock(line int) statement {
	m := &macro{name: "caller", line: line}
	if p.is(operator, "(") {
		p.signature(m)
	}
	c, ok := p.expression().(*call)
	if !ok {
		p.fail("expected a call")
	}
	m.body = p.macroBody(m, "endcall")
	return &callBlock{c, m}
}

func (p *parser) with() statement {
	s := &withBlock{}
	for !p.is(blockEnd) {
		if len(s.targets) > 0 {
			p.expect(operator, ",")
		}
		s.targets = append(s.targets, p.target(false))
		p.expect(operator, "=")
		s.values = append(s.values, p.expression())
	}
	s.body = p.bodyTo("endwith")
	return s
}
