// Package pyregexp compiles the regular expressions of Python that model and adapter
// files hold: as Go's, which match in linear time. A construct that both languages
// know has the same meaning in both; one that only one of them knows is refused by
// name.
package pyregexp

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Bounds on the patterns of a file, which no real ones come near. A step is one of
// the compiled pattern, after repetitions are written out.
const (
	maxPattern  = 4096   // bytes of a pattern
	maxUnfolded = 5_000  // steps of a pattern
	maxTotal    = 30_000 // steps of all patterns
)

// Compiler compiles the patterns of one file, and bounds them together. The zero
// Compiler is ready to use.
type Compiler struct {
	spent int // steps of those compiled so far
}

// Match compiles a Python pattern to be matched at the beginning of a name,
// as re.match does.
func (p *Compiler) Match(pattern string) (*regexp.Regexp, error) {
	translated, err := translatePattern(pattern)
	if err != nil {
		return nil, err
	}
	translated = `\A(?:` + translated + `)`
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil, err
	}
	n := unfolded(tree)
	if p.spent += n; n > maxUnfolded || p.spent > maxTotal {
		return nil, fmt.Errorf("a pattern that unfolds to %d steps; at most %d are supported, %d in all", n, maxUnfolded, maxTotal)
	}
	return regexp.Compile(translated)
}

// unfolded estimates the steps of a pattern.
func unfolded(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)
	for _, sub := range tree.Sub {
		n += unfolded(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, 1<<30)
}

// translatePattern rewrites the constructs that Go spells differently, and refuses
// those that Go lacks or understands otherwise.
func translatePattern(pattern string) (string, error) {
	if len(pattern) > maxPattern {
		return "", fmt.Errorf("a pattern of %d bytes; at most %d are supported", len(pattern), maxPattern)
	}
	var b strings.Builder
	inClass := false
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		n := 1
		out := rest[:1]
		switch {
		case rest[0] == '\\':
			if len(rest) < 2 {
				return "", fmt.Errorf("a pattern that ends in a backslash")
			}
			n = 2
			out = rest[:2]
			switch c := rest[1]; {
			case c == 'Z' && !inClass:
				out = `\z`
			case strings.IndexByte(`zQECpPKGXRuUN`, c) >= 0, c >= '1' && c <= '9', strings.HasPrefix(rest, `\x{`):
				return "", fmt.Errorf(`the construct \%c`, c)
			}
		case inClass:
			if strings.HasPrefix(rest, "[:") {
				return "", fmt.Errorf("the construct [: in a set")
			}
			inClass = rest[0] != ']'
		case rest[0] == '[':
			inClass = true
			// A closing bracket that comes first is a member of the set.
			for _, opening := range []string{"[^]", "[]", "[^"} {
				if strings.HasPrefix(rest, opening) {
					n, out = len(opening), opening
					break
				}
			}
		case strings.HasPrefix(rest, "(?"):
			var err error
			if n, err = groupOpening(rest, i == 0); err != nil {
				return "", err
			}
			out = rest[:n]
		case strings.HasPrefix(rest, "{,"):
			out = "{0" // Go takes {,n} for text
		}
		b.WriteString(out)
		i += n
	}
	return b.String(), nil
}

// groupOpening returns the length of the opening of a group that both languages
// know. Flags for the rest of a pattern must stand at its beginning.
func groupOpening(s string, atStart bool) (int, error) {
	if strings.HasPrefix(s, "(?P<") || strings.HasPrefix(s, "(?:") {
		return 3, nil
	}
	if end := strings.IndexAny(s, ":)"); end > 2 && strings.Trim(s[2:end], "ims-") == "" && (s[end] == ':' || atStart) {
		return end + 1, nil
	}
	end := min(len(s), 3)
	if strings.HasPrefix(s, "(?<") || strings.HasPrefix(s, "(?P") {
		end = min(len(s), 4)
	}
	return 0, fmt.Errorf("the construct %s", s[:end])
}

// FullMatch compiles a Python pattern to be matched with a whole name, as
// re.fullmatch does.
func (p *Compiler) FullMatch(pattern string) (*regexp.Regexp, error) {
	// The pattern must be complete by itself: a bracket that would close the
	// group put around it below is an error.
	translated, err := translatePattern(pattern)
	if err != nil {
		return nil, err
	}
	if _, err := syntax.Parse(translated, syntax.Perl); err != nil {
		return nil, err
	}
	flags := ""
	if end := strings.IndexByte(pattern, ')'); strings.HasPrefix(pattern, "(?") && strings.Trim(pattern[2:end], "ims") == "" {
		flags, pattern = pattern[:end+1], pattern[end+1:]
	}
	return p.Match(flags + `(?:` + pattern + `)\Z`)
}
