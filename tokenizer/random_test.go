package tokenizer

import (
	"math/rand/v2"
	"strings"
)

// randomParts are what split patterns and merges care about.
var randomParts = []string{
	" ", "  ", "      ", "\n", "\r\n", "\n\n", "\t", "\r", "\v", "\u0085", "\u00a0", "\u2003", "\u3000", "\u200b", "\ufeff",
	"'s", "'S", "'ſ", "'t", "'re", "'RE", "'ve", "'ll", "'lL", "'d", "'x", "''", "’s", "'",
	"0", "12", "1234", "²", "½", "٣٤", "Ⅳ", "𝟘", "\U0001e5f1",
	"a", "the", "aspirin", "DON'T", "é", "e\u0301", "ß", "ﬁ", "Å", "日本", "한국어", "हिन्दी", "ไทย", "العربية", "Ωω", "\U000105c0",
	"!", "...", "--", "(R)-", "/", "\"", "_", "#", "=>", "€", "👩\u200d⚕️", "🇩🇪", "▁", "▁▁", "Ġ", "<0x0A>",
	"\x00", "\x01", "\x7f", "\ufffd", "\U0010ffff", "\ufdd0",
	"<s>", "</s>", "<|eot_id|>", "<|begin_of_text|>", "<|eot", "[INST]",
}

func randomText(r *rand.Rand) string {
	var text strings.Builder
	for range r.IntN(24) {
		if r.IntN(4) == 0 {
			c := rune(r.IntN(0x110000))
			if 0xd800 <= c && c < 0xe000 {
				c = 'x'
			}
			text.WriteRune(c)
			continue
		}
		text.WriteString(randomParts[r.IntN(len(randomParts))])
	}
	return text.String()
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
