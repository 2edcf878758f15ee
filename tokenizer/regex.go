package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// regex is a pattern that a backtracking engine matches.
type regex struct{ re *regexp2.Regexp }

const (
	maxPattern  = 4096            // bytes of a pattern's source
	probeBytes  = 1 << 12         // text that a pattern is tried on when it is loaded
	probeTime   = 2 * time.Second // the most that all probes may take
	findTimeout = 5 * time.Second // the most that all matches in a piece of text may take
	backtracks  = 1 << 22         // entries on the engine's stack
)

// compileRegex compiles a pattern and refuses one that takes more than about
// linear time on simple probes.
func compileRegex(source string) (*regex, error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes, more than %d", len(source), maxPattern)
	}
	source, err := portable(source)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(source, regexp2.OptionMaxBacktrackingStackSize(backtracks))
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = probeTime
	deadline := time.Now().Add(probeTime)
	for _, unit := range []string{"a", "A", "1", " ", "\n", "!", "'", "é", "日", "aA", "a1", "a b", " \n", "'s"} {
		text := []rune(strings.Repeat(unit, probeBytes/len(unit)))
		for _, last := range []rune{'a', '!', '\n', '\x00'} {
			err := re.FindRunesMatches(append(text, last), -1, func(regexp2.MatchView) bool { return time.Now().Before(deadline) })
			if err != nil || time.Now().After(deadline) {
				return nil, fmt.Errorf("a pattern that takes too long on a text of %d bytes", probeBytes)
			}
		}
	}
	re.MatchTimeout = findTimeout
	return &regex{re: re}, nil
}

// find gives up after findTimeout: the rest of the text is then left without
// matches. compileRegex refuses patterns that would take so long on texts like
// its probes.
func (p *regex) find(s string, found func(start, end int)) {
	matches, begun := 0, time.Now()
	index, offset := 0, 0 // the index of a rune, and the byte where it begins
	seek := func(rune int) int {
		for ; index < rune && offset < len(s); index++ {
			_, n := utf8.DecodeRuneInString(s[offset:])
			offset += n
		}
		return offset
	}
	_ = p.re.FindRunesMatches([]rune(s), -1, func(m regexp2.MatchView) bool {
		if i, n, ok := m.GroupRange(0); ok {
			start := seek(i)
			found(start, seek(i+n))
		}
		matches++
		return matches%1024 != 0 || time.Since(begun) < findTimeout
	})
}

// portable rewrites a pattern of the reference's engine (Oniguruma) so that it
// means the same to the engine here: to character categories it adds the
// characters that are new in Unicode 16. It refuses everything else that the two
// engines understand differently.
func portable(source string) (string, error) {
	var out strings.Builder
	class := false // inside [ ]
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch c := source[i]; {
		case c == '[' && class:
			return "", fmt.Errorf("a pattern with a class inside a class")
		case c == '&' && class && strings.HasPrefix(rest, "&&"):
			return "", fmt.Errorf("a pattern with an intersection of classes")
		case (c == '^' || c == '$') && !class:
			return "", fmt.Errorf("a pattern with %q", c)
		case c == '[':
			class = true
			out.WriteByte(c)
			if strings.HasPrefix(rest, "[^") {
				out.WriteByte('^')
				i++
			}
			if strings.HasPrefix(source[i+1:], "]") {
				return "", fmt.Errorf("a pattern with a class that begins with ]")
			}
		case c == ']':
			class = false
			out.WriteByte(c)
		case c != '\\':
			out.WriteByte(c)
		case len(rest) < 2 || strings.IndexByte("wWbBGKRXhHyYOAzZDkgx", rest[1]) >= 0:
			return "", fmt.Errorf("a pattern with %q", rest[:min(2, len(rest))])
		case rest[1] == 'p' || rest[1] == 'P':
			end := strings.IndexByte(rest, '}')
			if end < 0 || rest[2] != '{' {
				return "", fmt.Errorf("a pattern with %q", rest[:min(4, len(rest))])
			}
			name, negated := rest[3:end], rest[1] == 'P'
			if class && negated || !isCategory(name) {
				return "", fmt.Errorf("a pattern with %q", rest[:end+1])
			}
			writeCategory(&out, name, negated, class)
			i += end
		case rest[1] == 'd':
			writeCategory(&out, "Nd", false, class)
			i++
		default:
			out.WriteString(rest[:2])
			i++
		}
	}
	return out.String(), nil
}

// isCategory reports whether name is a general category. Scripts and other
// properties aren't allowed, as the engines follow different versions of Unicode.
func isCategory(name string) bool {
	_, ok := unicode.Categories[name]
	return ok && len(name) <= 2
}

// writeCategory writes \p{name} and the characters that Unicode 16 added to it,
// inside a class or as a class of its own.
func writeCategory(out *strings.Builder, name string, negated, inside bool) {
	if !inside {
		out.WriteByte('[')
		if negated {
			out.WriteByte('^')
		}
		defer out.WriteByte(']')
	}
	fmt.Fprintf(out, `\p{%s}`, name)
	var more [][2]rune
	for category, ranges := range unicode16 {
		if strings.HasPrefix(category, name) {
			more = append(more, ranges...)
		}
	}
	slices.SortFunc(more, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	for _, r := range more {
		fmt.Fprintf(out, "%c-%c", r[0], r[1])
	}
}
