package tokenizer

import "unicode/utf8"

// CharOffsets returns the offsets in code points of text, as Python counts
// them; a byte that isn't UTF-8 counts as one.
func (e Encoding) CharOffsets(text string) [][2]int {
	out := make([][2]int, len(e.Offsets))
	at, count := 0, 0 // a byte and the code points before it
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
		if o[1] > 0 { // added tokens stand at 0 and mustn't make it walk back
			out[i] = [2]int{chars(o[0]), chars(o[1])}
		}
	}
	return out
}
