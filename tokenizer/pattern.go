package tokenizer

import "strings"

// pattern finds the matches that a Split or Replace component looks for.
type pattern interface {
	// find calls found with each match from left to right, without overlap.
	find(s string, found func(start, end int))
}

// scanner is a pattern whose matches cover every text without gaps: next returns
// where the match that begins at s[i] ends.
type scanner interface{ next(s string, i int) int }

// scanned makes a pattern of a scanner.
type scanned struct{ scanner }

func (p scanned) find(s string, found func(start, end int)) {
	for i := 0; i < len(s); {
		j := p.next(s, i)
		found(i, j)
		i = j
	}
}

// literal finds a fixed string.
type literal string

func (p literal) find(s string, found func(start, end int)) {
	for i := 0; ; {
		k := strings.Index(s[i:], string(p))
		if k < 0 {
			return
		}
		found(i+k, i+k+len(p))
		i += k + len(p)
	}
}

// compilePattern returns the hand-written scanner of a pattern, or a regex if it has none.
func compilePattern(source string) (pattern, error) {
	switch source {
	case patternLlama3:
		return scanned{llama3Scanner{digits: 3}}, nil
	case patternQwen2:
		return scanned{llama3Scanner{digits: 1}}, nil
	case patternGPT2:
		return scanned{gpt2Scanner{}}, nil
	}
	return compileRegex(source)
}
