package tokenizer

import (
	"fmt"
	"regexp/syntax"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/medner/medner/badinput"
)

// A few bytes of a tokenizer.json can make gigabytes of a text: forty times Replace
// a by aa. The limits in this file hold for what a file may ask for, so that a
// tokenizer that loads needs memory and time in proportion to its texts.
const (
	// maxGrowth is the most bytes that the normalizers, the pre-tokenizers with
	// them, or the decoders may make of one byte, the change to a Unicode normal
	// form not counted: it makes at most 11 bytes of one, once. Llama-2's
	// normalizers make 12 of one at most.
	maxGrowth = 32
	// maxParts is the most components of one kind in a file, at all depths.
	maxParts = 64
	// maxAround is the most tokens that the post-processors put around a text.
	maxAround = 256
	// maxReplaced bounds the pattern and the content of Replace, and the content of
	// Prepend, in bytes.
	maxReplaced = 256
	// maxAddedBytes bounds all added tokens together.
	maxAddedBytes = 8 << 20
)

// growth counts how many bytes components may make of one.
type growth struct {
	factor float64
	parts  int
	forms  bool // a change to a compatibility form was counted
}

// part counts a component that makes at most times bytes of a byte.
func (g *growth) part(c *component, field string, times float64) error {
	if g.parts++; g.parts > maxParts {
		return badinput.New(c.file, c.path, fmt.Sprint("more than ", maxParts, " components"), fmt.Sprint("at most ", maxParts))
	}
	if g.factor *= max(times, 1); g.factor > maxGrowth {
		return badinput.New(c.file, c.path+field, fmt.Sprintf("a text that may grow %.0f times", g.factor), fmt.Sprint("at most ", maxGrowth, " times in all components"))
	}
	return nil
}

// replace counts a Replace of a pattern by content.
func (g *growth) replace(c *component, p pattern, content string) error {
	if s, ok := p.(literal); ok && len(s) > maxReplaced {
		return c.wrong("pattern", fmt.Sprint(len(s), " bytes"), fmt.Sprint("at most ", maxReplaced))
	}
	if len(content) > maxReplaced {
		return c.wrong("content", fmt.Sprint(len(content), " bytes"), fmt.Sprint("at most ", maxReplaced))
	}
	least := leastMatch(p)
	if least == 0 {
		return g.part(c, ".content", float64(1+len(content)))
	}
	return g.part(c, ".content", float64(len(content))/float64(least))
}

// prepend counts a string before a piece of text. Pieces are at least a byte long,
// and an added token of a byte or more lies between two of them.
func (g *growth) prepend(c *component, field, s string) error {
	if len(s) > maxReplaced {
		return c.wrong(field, fmt.Sprint(len(s), " bytes"), fmt.Sprint("at most ", maxReplaced))
	}
	return g.part(c, "."+field, 1+float64(len(s)))
}

// form counts a change to a normal form. A text in a form stays as it is: only what
// a Replace made since can grow again.
func (g *growth) form(c *component, f norm.Form) error {
	times := 1.0
	if g.forms {
		times = 3
		if f == norm.NFKC || f == norm.NFKD {
			times = 11
		}
		if g.factor == 1 { // nothing was made since
			times = 1
		}
	}
	g.forms = true
	return g.part(c, "", times)
}

// leastMatch returns the fewest bytes that a pattern matches, or 0 if it isn't known.
func leastMatch(p pattern) int {
	switch p := p.(type) {
	case literal:
		return len(p)
	case *regex:
		return p.least
	}
	return 1 // digits, and the scanners of the well-known patterns
}

// leastBytes returns the fewest bytes that a parsed pattern matches.
func leastBytes(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				n++
				continue
			}
			n += utf8.RuneLen(r)
		}
		return n
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return leastBytes(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * leastBytes(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += leastBytes(sub)
		}
		return n
	case syntax.OpAlternate:
		n := leastBytes(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, leastBytes(sub))
		}
		return n
	}
	return 0
}
