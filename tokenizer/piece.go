package tokenizer

import "unicode/utf8"

// span is a range of bytes of the original text.
type span struct{ start, end int }

// piece is a stretch of text on its way to the model: a part of the original
// text, or what a normalizer made of it.
type piece struct {
	text string
	// start is where text begins in the original, if align is nil.
	start int
	// align holds, for each byte of text, the range of the original characters
	// that the byte came from. It is nil if text is a part of the original.
	align []span
	// token is an added token's id, or noToken.
	token int32
}

const noToken = -1

// slice returns the part [i, j) of p.
func (p piece) slice(i, j int) piece {
	p.text = p.text[i:j]
	if p.align != nil {
		p.align = p.align[i:j]
	} else {
		p.start += i
	}
	return p
}

// offset returns where in the original text p begins.
func (p piece) offset() int {
	if len(p.align) > 0 {
		return p.align[0].start
	}
	return p.start
}

// original returns the range of the original text that text[i:j] came from,
// widened to whole characters.
func (p piece) original(i, j int) span {
	if p.align != nil {
		return span{p.align[i].start, p.align[j-1].end}
	}
	return span{p.start + runeFloor(p.text, i), p.start + runeCeil(p.text, j)}
}

// alignment returns p.align, or what it would be if it is nil.
func (p piece) alignment() []span {
	if p.align != nil {
		return p.align
	}
	a := make([]span, len(p.text))
	for i := 0; i < len(p.text); {
		_, n := utf8.DecodeRuneInString(p.text[i:])
		for k := range n {
			a[i+k] = span{p.start + i, p.start + i + n}
		}
		i += n
	}
	return a
}

// runeFloor returns the start of the character that the byte s[i] is part of.
func runeFloor(s string, i int) int {
	if i >= len(s) || s[i] < utf8.RuneSelf || utf8.RuneStart(s[i]) {
		return i
	}
	for back := 1; back < utf8.UTFMax && back <= i; back++ {
		if !utf8.RuneStart(s[i-back]) {
			continue
		}
		if _, n := utf8.DecodeRuneInString(s[i-back:]); n > back {
			return i - back
		}
		break
	}
	return i
}

// runeCeil returns the end of the character that the byte s[j-1] is part of.
func runeCeil(s string, j int) int {
	if j <= 0 || j >= len(s) {
		return j
	}
	i := runeFloor(s, j)
	if i == j {
		return j
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return i + n
}
