package ner

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Chunks hold at most limit tokens, leave nothing out but space, and begin
// and end at code points.
func TestChunksCoverTheText(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	pieces := []string{"Aspirin ", "eases. ", "Pain ", "é", "💊", "\n\n", "averyveryverylongword", " ", "A. "}
	for range 500 {
		var b strings.Builder
		for range rng.IntN(60) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		text := b.String()
		var tokens [][2]int
		for i := 0; i < len(text); { // tokens of one to four characters, never half of one
			end := i
			for n := 1 + rng.IntN(4); n > 0 && end < len(text); n-- {
				end++
				for end < len(text) && text[end]&0xc0 == 0x80 {
					end++
				}
			}
			tokens = append(tokens, [2]int{i, end})
			i = end
		}
		limit := 4 + rng.IntN(30)
		covered := make([]bool, len(text))
		for _, c := range chunks(text, tokens, limit) {
			n := 0
			for _, tok := range tokens {
				if tok[0] >= c.start && tok[0] < c.end {
					n++
				}
			}
			require.LessOrEqual(t, n, limit)
			require.Equal(t, strings.TrimSpace(text[c.start:c.end]), text[c.start:c.end])
			require.True(t, strings.ToValidUTF8(text[c.start:c.end], "") == text[c.start:c.end])
			for i := c.start; i < c.end; i++ {
				covered[i] = true
			}
		}
		for i, ok := range covered {
			require.True(t, ok || strings.TrimSpace(text[i:i+1]) == "", "%q: byte %d of %q is in no chunk", text[i:i+1], i, text)
		}
	}
}

func TestChunksOverlapBySentences(t *testing.T) {
	text := strings.Repeat("Word word. ", 40)
	var tokens [][2]int
	for i := range text {
		tokens = append(tokens, [2]int{i, i + 1})
	}
	list := chunks(text, tokens, 120)
	require.Greater(t, len(list), 3)
	for i := 1; i < len(list); i++ {
		require.Equal(t, len("Word word."), list[i-1].end-list[i].start)
		require.True(t, strings.HasPrefix(text[list[i].start:], "Word word."))
	}
}

// TestChunksOverlapInSentences: where sentences are too long to overlap by, each
// run of words that a mention may have is whole in some piece.
func TestChunksOverlapInSentences(t *testing.T) {
	for _, text := range []string{strings.Repeat("one two three ", 100), strings.Repeat("x", 900), strings.Repeat("😀", 400)} {
		var tokens [][2]int
		for i, r := range text {
			tokens = append(tokens, [2]int{i, i + utf8.RuneLen(r)})
		}
		list := chunks(text, tokens, 80)
		require.Greater(t, len(list), 3)
		for i := 1; i < len(list); i++ {
			shared := utf8.RuneCountInString(text[list[i].start:list[i-1].end])
			require.True(t, shared >= 4 && shared <= 10, "%d characters are shared", shared)
			require.LessOrEqual(t, utf8.RuneCountInString(text[list[i].start:list[i].end]), 80)
		}
	}
}
