package tokenizer

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// regex is a pattern that one of two engines matches. The engine of the standard library
// takes time in proportion to the text; a pattern that it doesn't understand takes the
// other, which backtracks.
type regex struct {
	linear      *regexp.Regexp  // nil: backtracking
	re          *regexp2.Regexp // nil: linear
	least       int             // the fewest bytes of a match, 0 if it isn't known
	source      string
	file, field string // where the pattern stands, for errors
}

const (
	maxPattern  = 4096            // bytes of a pattern's source
	probeBytes  = 1 << 12         // text that a pattern is tried on when it is loaded
	probeTime   = time.Second     // the most that a probe may take
	probesTime  = 8 * time.Second // the most that all probes may take
	maxStates   = 1000            // instructions of a pattern for the linear engine, each of which may cost a step a byte
	findTimeout = 5 * time.Second // the most that all matches in a piece of text may take
	backtracks  = 1 << 22         // entries on the engine's stack
)

// compileRegex compiles a pattern and refuses one that takes more than about
// linear time on simple probes.
func compileRegex(source string) (*regex, error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes, more than %d", len(source), maxPattern)
	}
	portable, err := portable(source)
	if err != nil {
		return nil, err
	}
	p := &regex{source: source}
	if p.linear, p.least = compileLinear(portable); p.linear == nil {
		if p.re, err = regexp2.Compile(portable, regexp2.OptionMaxBacktrackingStackSize(backtracks)); err != nil {
			return nil, err
		}
	}
	return p, p.probe()
}

// probe runs the pattern on texts on which patterns of more than linear time take
// long: runs of one or two characters, also of those in the pattern, behind which
// something else stands.
func (p *regex) probe() error {
	begun := time.Now()
	try := func(unit, last string) bool {
		text := strings.Repeat(unit, probeBytes/len(unit)) + last
		return time.Since(begun) < probesTime && p.each(text, time.Now().Add(probeTime), func(int, int) {})
	}
	for _, unit := range []string{"a", "A", "1", " ", "\n", "!", "'", "é", "日", "aA", "a1", "a b", " \n", "'s"} {
		for _, last := range []string{"a", "!", "\n", "\x00"} {
			if !try(unit, last) {
				return p.slow(unit)
			}
		}
	}
	seen := map[rune]bool{}
	for _, r := range p.source {
		if len(seen) == 16 {
			break
		}
		if unit := string(r); !seen[r] && r != utf8.RuneError && !try(unit, "\x00") {
			return p.slow(unit)
		}
		seen[r] = true
	}
	return nil
}

func (p *regex) slow(unit string) error {
	return fmt.Errorf("the pattern %q takes too long on a text of %d bytes (%q again and again)", clip.Text(p.source), probeBytes, unit)
}

// tooLong is what find panics with when a pattern takes too long. Encode and build
// turn it into an error.
type tooLong struct{ err error }

// find panics with tooLong if the matches take longer than findTimeout, or more
// memory than backtracks allows.
func (p *regex) find(s string, found func(start, end int)) {
	if !p.each(s, time.Now().Add(findTimeout), found) {
		panic(tooLong{badinput.New(p.file, p.field, fmt.Sprintf("%q, which takes too long on a text of %d bytes", clip.Text(p.source), len(s)), "a pattern that takes linear time")})
	}
}

// each calls found with each match. It reports whether there was time for all.
func (p *regex) each(s string, deadline time.Time, found func(start, end int)) bool {
	if p.linear == nil {
		return p.backtrack(s, deadline, found)
	}
	for matches, at := 1, 0; ; matches++ {
		m := p.linear.FindStringIndex(s[at:])
		if m == nil {
			return true
		}
		found(at+m[0], at+m[1])
		at += m[1]
		if (matches%64 == 0 || len(s) > 1<<16) && time.Now().After(deadline) {
			return false
		}
	}
}

func (p *regex) backtrack(s string, deadline time.Time, found func(start, end int)) bool {
	index, offset := 0, 0 // the index of a rune, and the byte where it begins
	seek := func(rune int) int {
		for ; index < rune && offset < len(s); index++ {
			_, n := utf8.DecodeRuneInString(s[offset:])
			offset += n
		}
		return offset
	}
	re := *p.re // MatchTimeout bounds each match by itself
	re.MatchTimeout = max(time.Until(deadline), time.Millisecond)
	matches, intime := 0, true
	err := re.FindRunesMatches([]rune(s), -1, func(m regexp2.MatchView) bool {
		if i, n, ok := m.GroupRange(0); ok {
			start := seek(i)
			found(start, seek(i+n))
		}
		matches++
		intime = matches%64 != 0 || time.Now().Before(deadline)
		return intime
	})
	return err == nil && intime
}

// unicodeSpace is what \s means to the reference's engine, inside a class.
const unicodeSpace = `\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`

// compileLinear compiles a portable pattern for the standard library's engine, which
// finds the same matches as a backtracking one. It returns nil for a pattern that the
// engine doesn't have, or that it may understand differently: with groups other than
// ( and (?:, with loops of what may be empty, or with empty matches. least is the
// fewest bytes of a match.
func compileLinear(source string) (re *regexp.Regexp, least int) {
	var out strings.Builder
	class := false
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case strings.HasPrefix(rest, "(?") && !class && !strings.HasPrefix(rest, "(?:"), rest == "\\":
			return nil, 0
		case source[i] == '\\':
			i++
			switch c := source[i]; {
			case c == 's' && class:
				out.WriteString(unicodeSpace)
			case c == 's':
				out.WriteString("[" + unicodeSpace + "]")
			case c == 'S' && !class:
				out.WriteString("[^" + unicodeSpace + "]")
			case strings.IndexByte("pPrnt", c) >= 0 || c < utf8.RuneSelf && !isWord(rune(c)):
				out.WriteString(rest[:2])
			default:
				return nil, 0
			}
		default:
			class = source[i] == '[' || class && source[i] != ']'
			out.WriteByte(source[i])
		}
	}
	parsed, err := syntax.Parse(out.String(), syntax.Perl)
	if err != nil || leastBytes(parsed) == 0 || emptyLoop(parsed) {
		return nil, 0
	}
	if prog, err := syntax.Compile(parsed.Simplify()); err != nil || len(prog.Inst) > maxStates {
		return nil, 0
	}
	if re, err = regexp.Compile(out.String()); err != nil {
		return nil, 0
	}
	return re, leastBytes(parsed)
}

// emptyLoop reports whether a pattern repeats something that may be empty.
func emptyLoop(re *syntax.Regexp) bool {
	loop := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat
	return loop && leastBytes(re.Sub[0]) == 0 || slices.ContainsFunc(re.Sub, emptyLoop)
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
