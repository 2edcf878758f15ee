package lora

import (
	"regexp"
	"strings"

	"github.com/medner/medner/internal/pyregexp"
)

// suffixPattern matches a key of rank_pattern or alpha_pattern with the names of
// modules: with a whole name, or with the rest of one behind a dot.
type suffixPattern struct {
	literal string // a key of names and dots only, the usual kind
	re      *regexp.Regexp
}

// newSuffixPattern compiles such a key.
func newSuffixPattern(p *pyregexp.Compiler, key string) (suffixPattern, error) {
	plain := strings.IndexFunc(key, func(r rune) bool {
		return r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if plain {
		return suffixPattern{literal: key}, nil
	}
	re, err := p.Match(`(.*\.)?(` + key + `)$`)
	return suffixPattern{re: re}, err
}

func (p suffixPattern) match(name string) bool {
	if p.re != nil {
		return p.re.MatchString(name)
	}
	at := len(name) - len(p.literal)
	if at < 0 || at > 0 && name[at-1] != '.' {
		return false
	}
	for i := range len(p.literal) { // a dot matches any character
		if p.literal[i] != '.' && p.literal[i] != name[at+i] {
			return false
		}
	}
	return true
}
