package tokenizer

import "unicode/utf8"

// CharOffsets returns e.Offsets in code points, as Python counts them. text is the
// text that was encoded; a byte of it that isn't UTF-8 counts as one code point.
func (e Encoding) CharOffsets(text string) [][2]int {
	out := make([][2]int, len(e.Offsets))
	at, count := 0, 0 // a byte offset, and the number of code points before it
	chars := func(offset int) int {
		for at < offset {
			_, n := utf8.DecodeRuneInString(text[at:])
			at += n
			count++
		}
		for at > offset {
			_, n := utf8.DecodeLastRuneInString(text[:at])
			at -= n
			count--
		}
		return count
	}
	for i, o := range e.Offsets {
		if o[1] > 0 { // [0, 0) stays, without a walk back to the beginning
			out[i] = [2]int{chars(o[0]), chars(o[1])}
		}
	}
	return out
}
