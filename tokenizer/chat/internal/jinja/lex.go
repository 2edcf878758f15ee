package jinja

import (
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	endOfSource tokenKind = iota
	data                  // text outside of all brackets
	blockBegin
	blockEnd
	variableBegin
	variableEnd
	name
	stringLiteral
	integerLiteral
	floatLiteral
	operator
)

// token is a part of the source; s is its text, of a string what it stands for.
type token struct {
	kind tokenKind
	s    string
	line int
}

// lexer cuts a source into tokens, with trim_blocks and lstrip_blocks on.
type lexer struct {
	source string
	at     int
	line   int
	tokens []token
	// lineStart says that the tag before took the end of its line.
	lineStart bool
}

func lex(source string) []token {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	l := &lexer{source: strings.TrimSuffix(source, "\n"), line: 1, lineStart: true}
	for l.at < len(l.source) {
		l.root()
	}
	l.emit(endOfSource, "")
	return l.tokens
}

func (l *lexer) emit(kind tokenKind, s string) {
	l.tokens = append(l.tokens, token{kind, s, l.line})
}

func (l *lexer) fail(format string, arguments ...any) {
	defer func() { panic(failure{atLine(recover().(failure).err, l.line)}) }()
	fail(format, arguments...)
}

// take moves on by n bytes.
func (l *lexer) take(n int) string {
	s := l.source[l.at : l.at+n]
	l.at += n
	l.line += strings.Count(s, "\n")
	return s
}

func (l *lexer) rest() string { return l.source[l.at:] }

// root reads the text up to the next tag, and the tag.
func (l *lexer) root() {
	rest := l.rest()
	n := nextTag(rest)
	if n == len(rest) {
		l.emit(data, l.take(n))
		return
	}
	tag := rest[n : n+2]
	after := rest[n+2:]
	sign := ""
	if after != "" && (after[0] == '-' || after[0] == '+') {
		sign = after[:1]
	}
	l.text(n, tag, sign)
	if raw := rawBegin(l.rest()); raw > 0 {
		l.takeEnd(raw)
		l.raw()
		return
	}
	l.take(2 + len(sign))
	switch tag {
	case "{#":
		l.comment()
	case "{%":
		l.emit(blockBegin, tag)
		l.code("%}", blockEnd)
	default:
		l.emit(variableBegin, tag)
		l.code("}}", variableEnd)
	}
}

// nextTag returns where the next tag begins, or the length of s.
func nextTag(s string) int {
	for i := 0; i+1 < len(s); i++ {
		next := strings.IndexByte(s[i:], '{')
		if next < 0 {
			break
		}
		if i += next; i+1 < len(s) && strings.IndexByte("%{#", s[i+1]) >= 0 {
			return i
		}
	}
	return len(s)
}

// text emits the n bytes before a tag, less the white space that the tag takes.
func (l *lexer) text(n int, tag, sign string) {
	s := l.source[l.at : l.at+n]
	switch {
	case sign == "-":
		s = strings.TrimRightFunc(s, isSpace)
	case sign != "+" && tag != "{{":
		start := strings.LastIndexByte(s, '\n') + 1
		if (start > 0 || l.lineStart) && strings.TrimFunc(s[start:], isSpace) == "" {
			s = s[:start]
		}
	}
	if s != "" {
		l.emit(data, s)
	}
	l.take(n)
}

// tagEnd returns how long the end of a tag is that stands at the beginning of
// s, with the white space or the end of the line that it takes; 0 if none does.
func tagEnd(s, end string) int {
	switch {
	case strings.HasPrefix(s, "-"+end):
		return len(s) - len(strings.TrimLeftFunc(s[1+len(end):], isSpace))
	case end != "}}" && strings.HasPrefix(s, "+"+end):
		return 1 + len(end)
	case !strings.HasPrefix(s, end):
		return 0
	case end != "}}" && strings.HasPrefix(s[len(end):], "\n"):
		return len(end) + 1
	}
	return len(end)
}

// takeEnd moves behind the end of a tag.
func (l *lexer) takeEnd(n int) { l.lineStart = strings.HasSuffix(l.take(n), "\n") }

func (l *lexer) comment() {
	rest := l.rest()
	for i := range len(rest) {
		if n := tagEnd(rest[i:], "#}"); n > 0 {
			l.take(i)
			l.takeEnd(n)
			return
		}
	}
	l.fail("a comment without an end")
}

// rawBegin returns the length of a {% raw %} at the beginning of s, or 0.
func rawBegin(s string) int {
	rest, ok := strings.CutPrefix(s, "{%")
	if !ok {
		return 0
	}
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	rest, ok = strings.CutPrefix(strings.TrimLeftFunc(rest, isSpace), "raw")
	if !ok {
		return 0
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	if after, ok := strings.CutPrefix(rest, "-%}"); ok {
		return len(s) - len(strings.TrimLeftFunc(after, isSpace))
	}
	if after, ok := strings.CutPrefix(rest, "%}"); ok {
		return len(s) - len(after)
	}
	return 0
}

// raw emits the text up to the next {% endraw %}.
func (l *lexer) raw() {
	rest := l.rest()
	for from := 0; ; {
		i := strings.Index(rest[from:], "{%")
		if i < 0 {
			l.fail("a raw block without an end")
		}
		i += from
		after, sign := rest[i+2:], ""
		if after != "" && (after[0] == '-' || after[0] == '+') {
			sign, after = after[:1], after[1:]
		}
		if word, ok := strings.CutPrefix(strings.TrimLeftFunc(after, isSpace), "endraw"); ok {
			word = strings.TrimLeftFunc(word, isSpace)
			if n := tagEnd(word, "%}"); n > 0 {
				l.text(i, "{%", sign)
				l.takeEnd(len(rest) - i - len(word) + n)
				return
			}
		}
		from = i + 2
	}
}

// code emits the tokens of a tag, and its end: a token of the given kind.
func (l *lexer) code(end string, kind tokenKind) {
	var open []byte // brackets that are to be closed
	for l.at < len(l.source) {
		rest := l.rest()
		if len(open) == 0 {
			if n := tagEnd(rest, end); n > 0 {
				l.emit(kind, end)
				l.takeEnd(n)
				return
			}
		}
		if n := len(rest) - len(strings.TrimLeftFunc(rest, isSpace)); n > 0 {
			l.take(n)
			continue
		}
		open = l.codeToken(rest, open)
		l.lineStart = false
	}
	l.fail("a tag without an end")
}

func (l *lexer) codeToken(rest string, open []byte) []byte {
	if n := floatLength(rest); n > 0 && !strings.HasSuffix(l.source[:l.at], ".") {
		l.emit(floatLiteral, strings.ReplaceAll(l.take(n), "_", ""))
		return open
	}
	if n := len(integerPattern.FindString(rest)); n > 0 {
		l.emit(integerLiteral, strings.ReplaceAll(l.take(n), "_", ""))
		return open
	}
	if n := len(namePattern.FindString(rest)); n > 0 {
		l.emit(name, l.take(n))
		return open
	}
	if rest[0] == '\'' || rest[0] == '"' {
		l.quoted(rest)
		return open
	}
	n := operatorLength(rest)
	if n == 0 {
		c, _ := utf8.DecodeRuneInString(rest)
		l.fail("unexpected %q", c)
	}
	l.emit(operator, l.take(n))
	return l.balance(rest[0], open)
}

// balance follows the brackets that are open.
func (l *lexer) balance(c byte, open []byte) []byte {
	switch c {
	case '(':
		return append(open, ')')
	case '[':
		return append(open, ']')
	case '{':
		return append(open, '}')
	case ')', ']', '}':
		if len(open) == 0 || open[len(open)-1] != c {
			l.fail("unexpected %q", c)
		}
		return open[:len(open)-1]
	}
	return open
}
