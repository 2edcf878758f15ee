package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites a piece of text and keeps its alignment with the original.
type normalizer interface{ normalize(p piece) piece }

type normalizers []normalizer

func (ns normalizers) normalize(p piece) piece {
	for _, n := range ns {
		p = n.normalize(p)
	}
	return p
}

// prependNormalizer puts a string before a text that isn't empty; the string
// counts as part of the text's first character.
type prependNormalizer string

func (n prependNormalizer) normalize(p piece) piece { return p.prepend(string(n)) }

func (p piece) prepend(s string) piece {
	if p.text == "" || s == "" {
		return p
	}
	align := make([]span, len(s), len(s)+len(p.text))
	old := p.alignment()
	for i := range align {
		align[i] = old[0]
	}
	p.text, p.align = s+p.text, append(align, old...)
	return p
}

// replaceNormalizer puts content in place of each match of the pattern. The
// content is aligned with the match's last character.
type replaceNormalizer struct {
	pattern pattern
	content string
}

func (n replaceNormalizer) normalize(p piece) piece {
	var text strings.Builder
	var align, old []span
	done := 0
	n.pattern.find(p.text, func(start, end int) {
		if old == nil {
			old = p.alignment()
			text.Grow(len(p.text) + len(p.text)/4)
			align = make([]span, 0, len(p.text)+len(p.text)/4)
		}
		text.WriteString(p.text[done:start])
		align = append(align, old[done:start]...)
		text.WriteString(n.content)
		at := span{}
		if end > 0 {
			at = old[end-1]
		}
		for range len(n.content) {
			align = append(align, at)
		}
		done = end
	})
	if old == nil {
		return p
	}
	text.WriteString(p.text[done:])
	p.text, p.align = text.String(), append(align, old[done:]...)
	return p
}

// unicodeNormalizer is one of Unicode's normal forms.
type unicodeNormalizer struct{ form norm.Form }

// changed is a character of a text on its way to a normal form.
type changed struct {
	r     rune
	class uint8 // canonical combining class
	// change is one less than the number of characters of the original text
	// that r stands for, with the sign turned: 1 is none of them (r was added),
	// 0 is one, -1 is two (r was composed of them).
	change int
}

func (n unicodeNormalizer) normalize(p piece) piece {
	if p.text == "" || n.form.IsNormalString(p.text) {
		return p
	}
	out := n.decompose(p.text)
	if n.form == norm.NFC || n.form == norm.NFKC {
		out = compose(out)
	}
	old := p.alignment()
	runes := []rune(p.text)
	starts := make([]int, 0, len(runes)+1)
	for i := range p.text {
		starts = append(starts, i)
	}
	starts = append(starts, len(p.text))
	var text strings.Builder
	align := make([]span, 0, len(old))
	taken := 0
	for _, c := range out {
		var at span
		switch {
		case c.change <= 0 && taken < len(runes):
			at = old[starts[taken]]
			taken = min(taken+1-c.change, len(runes))
		case starts[taken] > 0:
			at = old[starts[taken]-1]
		}
		size, _ := text.WriteRune(c.r)
		for range size {
			align = append(align, at)
		}
	}
	p.text, p.align = text.String(), align
	return p
}

// decompose returns s decomposed into characters in canonical order.
func (n unicodeNormalizer) decompose(s string) []changed {
	form := norm.NFD
	if n.form == norm.NFKC || n.form == norm.NFKD {
		form = norm.NFKD
	}
	var out []changed
	for _, r := range s {
		if unicode.Is(afterUnicode9, r) {
			out = append(out, changed{r, 0, 0})
			continue
		}
		change := 0
		for _, d := range form.String(string(r)) {
			out = append(out, changed{d, form.PropertiesString(string(d)).CCC(), change})
			change = 1
		}
	}
	for i := 0; i < len(out); i++ {
		if out[i].class == 0 {
			continue
		}
		j := i
		for j < len(out) && out[j].class != 0 {
			j++
		}
		slices.SortStableFunc(out[i:j], func(a, b changed) int { return cmp.Compare(a.class, b.class) })
		i = j
	}
	return out
}

// compose joins a starter with the marks behind it where the two have a composed
// form and no mark of the same or of a higher class stands between them.
func compose(in []changed) []changed {
	out := in[:0:0]
	starter := -1 // the index in out of the last starter
	last := -1    // the class of the mark before, or -1
	for _, c := range in {
		if starter >= 0 && last < int(c.class) {
			if r, ok := composed(out[starter].r, c.r); ok {
				out[starter].r = r
				out[starter].change += c.change - 1
				continue
			}
		}
		out = append(out, c)
		if c.class == 0 {
			starter, last = len(out)-1, -1
		} else {
			last = int(c.class)
		}
	}
	return out
}

// composed returns the character that a and b make together.
func composed(a, b rune) (rune, bool) {
	r := []rune(norm.NFC.String(string(a) + string(b)))
	if len(r) == 1 && !unicode.Is(afterUnicode9, r[0]) {
		return r[0], true
	}
	return 0, false
}
