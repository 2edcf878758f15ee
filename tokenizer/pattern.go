package tokenizer

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// pattern finds what a Split or Replace component looks for.
type pattern interface {
	// find calls found with each match from left to right, without overlap.
	find(s string, found func(start, end int))
}

// scanner is a pattern whose matches leave no rest: next returns where the
// match that begins at s[i:] ends.
type scanner interface{ next(s string, i int) int }

// scanned is a scanner as a pattern.
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

// regex is a pattern that has no scanner here, on a backtracking engine.
type regex struct{ re *regexp2.Regexp }

const (
	maxPattern   = 4096            // bytes of a pattern's source
	probeBytes   = 1 << 14         // text that a pattern is tried on when it is loaded
	probeTime    = 2 * time.Second // what it may take for that
	matchTimeout = 5 * time.Second // what one match may take
	backtracks   = 1 << 22         // entries on the engine's stack
)

// compileRegex compiles a pattern and refuses one that takes more than about
// linear time on simple probes.
func compileRegex(source string) (*regex, error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes, more than %d", len(source), maxPattern)
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
	re.MatchTimeout = matchTimeout
	return &regex{re: re}, nil
}

// find leaves the rest of the text without matches where the engine gives up,
// which no pattern does that compileRegex lets through on texts like its probes.
func (p *regex) find(s string, found func(start, end int)) {
	index, offset := 0, 0 // a rune's number and where it begins
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
		return true
	})
}

// compilePattern returns the scanner of a pattern that has one, else a regex.
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
