package tokenizer

import "unicode/utf8"

// Byte-level vocabularies write each byte as one printable character: bytes
// that are printable in Latin-1 as themselves, the others, in order, as the
// characters from U+0100 on. Ġ is a space, Ċ a line feed.
var (
	byteRunes [256]rune
	runeBytes [0x100 + 68]int16 // the byte that a character stands for, or -1
)

func init() {
	for i := range runeBytes {
		runeBytes[i] = -1
	}
	other := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !('!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b) {
			r = other
			other++
		}
		byteRunes[b] = r
		runeBytes[r] = int16(b)
	}
}

// byteOf returns the byte that a character of a byte-level token stands for.
func byteOf(r rune) (byte, bool) {
	if r < 0 || int(r) >= len(runeBytes) || runeBytes[r] < 0 {
		return 0, false
	}
	return byte(runeBytes[r]), true
}

// tokenBytes returns the bytes that a byte-level token stands for. ok is false
// if a character of the token stands for no byte.
func tokenBytes(token string) ([]byte, bool) {
	raw := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := byteOf(r)
		if !ok {
			return nil, false
		}
		raw = append(raw, b)
	}
	return raw, true
}

// byteWidth returns the length in UTF-8 of the character that stands for a byte.
func byteWidth(b byte) int { return utf8.RuneLen(byteRunes[b]) }
