package tokenizer

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// The reference normalises by the tables of Unicode 9: what later versions added
// is left where it is. (Its answers, by scripts/tokenizer_parity.py.)
func TestNormalFormsAreOfUnicode9(t *testing.T) {
	nfc, nfd := unicodeNormalizer{norm.NFC}, unicodeNormalizer{norm.NFD}
	for text, want := range map[string]string{
		"^\u0359\u0334":          "^\u0334\u0359",
		"^\u0359\u0898\u0334":    "^\u0359\u0898\u0334",
		"^\u0359\u0898\u0334\\n": "^\u0359\u0898\u0334\\n",
		"e\u0899\u0301":          "e\u0899\u0301",
		"e\u0316\u0301":          "\u00e9\u0316",
		"\U00011935\U00011930":   "\U00011935\U00011930",
		"\U000110a5\U000110ba":   "\U000110ab",
	} {
		require.Equal(t, want, nfc.normalize(piece{text: text}).text, "%+q", text)
	}
	require.Equal(t, "\U00011938", nfd.normalize(piece{text: "\U00011938"}).text)
	marks := 0
	for c := rune(0); c <= utf8.MaxRune; c++ {
		if norm.NFD.PropertiesString(string(c)).CCC() != 0 && !unicode.Is(afterUnicode9, c) {
			marks++
		}
	}
	require.Equal(t, 814, marks, "characters with a combining class")
}
