package tokenizer

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchText returns the golden texts, or the file named by MEDNER_BENCH_TEXT.
func benchText(b *testing.B) string {
	if path := os.Getenv("MEDNER_BENCH_TEXT"); path != "" {
		data, err := os.ReadFile(path)
		require.NoError(b, err)
		return string(data)
	}
	var text strings.Builder
	for _, c := range goldenCases(b, "tiny-llama") {
		text.WriteString(c.Text)
	}
	return text.String()
}

// benchTokenizers returns the golden tokenizers, or the one named by
// MEDNER_PARITY_TOKENIZER.
func benchTokenizers(b *testing.B) map[string]*Tokenizer {
	if path := os.Getenv("MEDNER_PARITY_TOKENIZER"); path != "" {
		tok, err := Load(path)
		require.NoError(b, err)
		return map[string]*Tokenizer{"given": tok}
	}
	all := map[string]*Tokenizer{}
	for _, model := range goldenModels {
		all[model] = loadGolden(b, model)
	}
	return all
}

func BenchmarkEncode(b *testing.B) {
	text := benchText(b)
	for name, tok := range benchTokenizers(b) {
		b.Run(name+"/cold", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.model.cache = wordCache{}
				tok.Encode(text, EncodeOptions{})
			}
		})
		b.Run(name+"/warm", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text, EncodeOptions{})
			}
		})
		b.Run(name+"/word", func(b *testing.B) { // one word of a megabyte
			word := strings.Repeat("ab", 1<<19)
			b.SetBytes(int64(len(word)))
			for b.Loop() {
				tok.Encode(word, EncodeOptions{})
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	text := benchText(b)
	for name, tok := range benchTokenizers(b) {
		ids := tok.Encode(text, EncodeOptions{}).IDs
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Decode(ids, false)
			}
		})
	}
}
