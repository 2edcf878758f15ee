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

// Letters and numbers that Unicode 16 knows and Go's tables (Unicode 15) don't
// yet: the reference's regular expressions follow Unicode 16.
var (
	letters16 = [][2]rune{
		{0x1c89, 0x1c8a}, {0xa7cb, 0xa7cd}, {0xa7da, 0xa7dc}, {0x105c0, 0x105f3},
		{0x10d4a, 0x10d65}, {0x10d6f, 0x10d85}, {0x10ec2, 0x10ec4}, {0x11380, 0x11389},
		{0x1138b, 0x1138b}, {0x1138e, 0x1138e}, {0x11390, 0x113b5}, {0x113b7, 0x113b7},
		{0x113d1, 0x113d1}, {0x113d3, 0x113d3}, {0x11bc0, 0x11be0}, {0x13460, 0x143fa},
		{0x16100, 0x1611d}, {0x16d40, 0x16d6c}, {0x18cff, 0x18cff}, {0x1e5d0, 0x1e5ed},
		{0x1e5f0, 0x1e5f0}, {0x2ebf0, 0x2ee5d},
	}
	numbers16 = [][2]rune{
		{0x10d40, 0x10d49}, {0x116d0, 0x116e3}, {0x11bf0, 0x11bf9}, {0x16130, 0x16139},
		{0x16d70, 0x16d79}, {0x1ccf0, 0x1ccf9}, {0x1e5f1, 0x1e5fa},
	}
	// The Digits pre-tokenizer follows Unicode 17.
	numbers17 = [][2]rune{{0x11de0, 0x11de9}, {0x16ff4, 0x16ff6}}
)

// classPages holds the class of each code point in pages of 256; pages of one
// and the same content are shared.
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
	for _, r := range letters16 {
		set(r[0], r[1], classLetter)
	}
	for _, r := range numbers16 {
		set(r[0], r[1], classNumber)
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

// run returns the end of the characters of one class that start at s[i:].
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

// isNumeric is what the Digits pre-tokenizer calls a digit: \p{N}.
func isNumeric(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	if classes().page[r>>8][r&0xff] == classNumber {
		return true
	}
	for _, n := range numbers17 {
		if n[0] <= r && r <= n[1] {
			return true
		}
	}
	return false
}

// isWord is \w of Unicode's regular expressions (UTS 18): alphabetic
// characters, marks, decimal digits, connectors and joiners.
func isWord(r rune) bool {
	if unicode.In(r, unicode.L, unicode.Nl, unicode.M, unicode.Nd, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control) {
		return true
	}
	c := classes().page[r>>8][r&0xff]
	return c == classLetter || c == classNumber && !unicode.Is(unicode.N, r)
}
