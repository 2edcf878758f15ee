package tokenizer

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// The classes that split patterns tell apart: \p{L}, \p{N}, \s with and
// without line ends, and everything else.
const (
	classOther = iota
	classLetter
	classNumber
	classSpace
	classNewline // \r and \n, which are spaces too
)

// classPages holds the class of each code point in pages of 256. Pages without a
// class, and pages of letters only, are shared.
type classPages struct {
	ascii [utf8.RuneSelf]uint8
	page  [(unicode.MaxRune + 1) >> 8]*[256]uint8
}

var classes = sync.OnceValue(func() *classPages {
	c := &classPages{}
	var blank, letters [256]uint8
	for i := range letters {
		letters[i] = classLetter
	}
	for i := range c.page {
		c.page[i] = &blank
	}
	set := func(lo, hi rune, class uint8) {
		for lo <= hi {
			p := lo >> 8
			if lo&0xff == 0 && lo+0xff <= hi && class == classLetter {
				c.page[p] = &letters
				lo += 0x100
				continue
			}
			if c.page[p] == &blank {
				c.page[p] = new([256]uint8)
			}
			c.page[p][lo&0xff] = class
			lo++
		}
	}
	table := func(t *unicode.RangeTable, class uint8) {
		for _, r := range t.R16 {
			for lo := rune(r.Lo); lo <= rune(r.Hi); lo += rune(r.Stride) {
				if r.Stride == 1 {
					set(lo, rune(r.Hi), class)
					break
				}
				set(lo, lo, class)
			}
		}
		for _, r := range t.R32 {
			for lo := rune(r.Lo); lo <= rune(r.Hi); lo += rune(r.Stride) {
				if r.Stride == 1 {
					set(lo, rune(r.Hi), class)
					break
				}
				set(lo, lo, class)
			}
		}
	}
	table(unicode.L, classLetter)
	table(unicode.N, classNumber)
	table(unicode.White_Space, classSpace)
	for category, ranges := range unicode16 {
		for _, r := range ranges {
			switch category[0] {
			case 'L':
				set(r[0], r[1], classLetter)
			case 'N':
				set(r[0], r[1], classNumber)
			}
		}
	}
	set('\n', '\n', classNewline)
	set('\r', '\r', classNewline)
	copy(c.ascii[:], c.page[0][:])
	return c
})

// at returns the class of the character at s[i:] and its length; at the end of
// s the length is 0.
func (c *classPages) at(s string, i int) (class uint8, n int) {
	if i >= len(s) {
		return classOther, 0
	}
	if b := s[i]; b < utf8.RuneSelf {
		return c.ascii[b], 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return c.page[r>>8][r&0xff], n
}

// run returns where the run of characters of a class that begins at s[i] ends.
func (c *classPages) run(s string, i int, class uint8) int {
	for i < len(s) {
		k, n := c.at(s, i)
		if k != class {
			break
		}
		i += n
	}
	return i
}

// isNumeric reports whether the Digits pre-tokenizer counts r as a digit: \p{N}.
func isNumeric(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	if classes().page[r>>8][r&0xff] == classNumber {
		return true
	}
	for _, n := range digits17 {
		if n[0] <= r && r <= n[1] {
			return true
		}
	}
	return false
}

// isWord reports whether r is matched by \w of Unicode's regular expressions
// (UTS 18): alphabetic characters, marks, decimal digits, connectors and joiners.
func isWord(r rune) bool {
	if unicode.In(r, unicode.L, unicode.Nl, unicode.M, unicode.Nd, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control) {
		return true
	}
	c := classes().page[r>>8][r&0xff]
	return c == classLetter || c == classNumber && !unicode.Is(unicode.N, r)
}
