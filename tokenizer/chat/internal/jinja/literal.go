package jinja

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

var (
	floatPattern   = regexp.MustCompile(`^(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?[eE][+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)`)
	integerPattern = regexp.MustCompile(`^(?i:0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*)`)
	namePattern    = regexp.MustCompile(`^[\pL\p{Nl}_][\pL\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]*`)
	operators      = []string{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}
)

func floatLength(s string) int { return len(floatPattern.FindString(s)) }

func operatorLength(s string) int {
	i := slices.IndexFunc(operators, func(o string) bool { return strings.HasPrefix(s, o) })
	if i < 0 {
		return 0
	}
	return len(operators[i])
}

// quoted emits the string that rest begins with.
func (l *lexer) quoted(rest string) {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			s, problem := unescape(rest[1:i])
			if problem != "" {
				l.fail("%s in a string", problem)
			}
			l.emit(stringLiteral, s)
			l.take(i + 1)
			return
		}
	}
	l.fail("a string without an end")
}

var simpleEscapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape returns what a string in the source stands for, as in Python, or what
// is wrong with it.
func unescape(s string) (out, problem string) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String(), ""
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if s == "" {
			return "", `a \ at the end`
		}
		if simple, ok := simpleEscapes[s[0]]; ok {
			b.WriteString(simple)
			s = s[1:]
			continue
		}
		c, n := numericEscape(s)
		switch {
		case n == 0: // Python leaves an escape that it doesn't know
			b.WriteByte('\\')
		case c < 0 || c > 0x10ffff || utf16.IsSurrogate(c):
			return "", `a wrong escape \` + s[:1]
		default:
			b.WriteRune(c)
			s = s[n:]
		}
	}
}

// numericEscape returns the character that an escape's digits name, and how many
// bytes name it: 0 if s doesn't begin as such an escape. A wrong one is -1.
func numericEscape(s string) (c rune, n int) {
	digits, base := 0, 16
	switch {
	case '0' <= s[0] && s[0] <= '7':
		n, base = 1, 8
		for n < 3 && n < len(s) && '0' <= s[n] && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseInt(s[:n], base, 32)
		return rune(v), n
	case s[0] == 'x':
		digits = 2
	case s[0] == 'u':
		digits = 4
	case s[0] == 'U':
		digits = 8
	case s[0] == 'N':
		return -1, 1
	default:
		return 0, 0
	}
	if len(s) < 1+digits {
		return -1, 1
	}
	v, err := strconv.ParseUint(s[1:1+digits], base, 32)
	if err != nil || v > 0x10ffff {
		return -1, 1
	}
	return rune(v), 1 + digits
}
