package ner

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/internal/border"
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

// wordTokens makes a token of each word, with the blank before it.
func wordTokens(text string) (tokens [][2]int) {
	start := 0
	for i := 1; i < len(text); i++ {
		if text[i] == ' ' || text[i] == '\n' && text[i-1] != '\n' {
			tokens = append(tokens, [2]int{start, i})
			start = i
		}
	}
	return append(tokens, [2]int{start, len(text)})
}

// TestChunksOfOneSubject: where no subject changes, pieces are as long as the limit
// allows, and none is tiny.
func TestChunksOfOneSubject(t *testing.T) {
	sentences := []string{
		"The patients with tremor were treated with lithium carbonate. ", "It was seen that lithium caused tremor in patients. ",
		"The tremor of these patients was treated. ", "We found that lithium carbonate was the cause of tremor. ",
	}
	rng := rand.New(rand.NewPCG(4, 5))
	for range 20 {
		var b strings.Builder
		for i := range 150 {
			b.WriteString(sentences[rng.IntN(len(sentences))])
			if i%10 == 9 {
				b.WriteString("\n\n")
			}
		}
		text := b.String()
		tokens := wordTokens(text)
		const limit = 200
		list := chunks(text, tokens, limit)
		require.LessOrEqual(t, len(list), len(tokens)/(limit/2))
		c := cutter{tokens: tokens}
		for i, p := range list {
			n := c.count(p.end) - c.count(p.start)
			require.LessOrEqual(t, n, limit)
			require.GreaterOrEqual(t, n, limit/8)
			if i > 0 {
				require.Less(t, p.start, list[i-1].end, "the subject goes on")
			}
		}
		require.Equal(t, list, chunks(text, tokens, limit))
	}
}

// TestChunksOfParagraphs: of places that are alike, pieces end where paragraphs do.
func TestChunksOfParagraphs(t *testing.T) {
	text := strings.Repeat(strings.Repeat("It was seen that lithium caused tremor. ", 9)+"\n\n", 9)
	list := chunks(text, wordTokens(text), 200)
	require.Greater(t, len(list), 3)
	for _, p := range list[:len(list)-1] {
		require.Equal(t, "\n\n", strings.Trim(text[p.end:p.end+4], " It"), "%d", p.end)
	}
}

// TestChunksOfArticles: articles that stand one behind the other are pieces each,
// and a title stays with its article.
func TestChunksOfArticles(t *testing.T) {
	articles := []string{
		"Hand tremor during lithium therapy of mania. We report ten cases of hand tremor in manic inpatients who were treated with lithium " +
			"carbonate. The tremor was seen when serum lithium was high, and it decreased when lithium carbonate was withdrawn. " +
			"In conclusion, manic inpatients with hand tremor should be considered for lower doses of lithium.",
		"Gastric bleeding and ulcers caused by aspirin. To examine whether aspirin may cause gastric bleeding, healthy volunteers were " +
			"given tablets. Endoscopy revealed ulcers in half of the volunteers who had taken aspirin tablets. " +
			"These findings suggest that coated tablets may prevent gastric ulcers.",
		"Cisplatin nephrotoxicity in the rat kidney. The purpose was to study the nephrotoxicity of cisplatin. One injection of cisplatin " +
			"damaged renal tubules, and creatinine was raised for a week. The kidney of each rat was removed, and damaged renal tubules were " +
			"counted. Thus hydration should be recommended against cisplatin nephrotoxicity.",
	}
	text := strings.Join(articles, " ")
	var got []string
	for _, p := range chunks(text, wordTokens(text), 100) {
		got = append(got, text[p.start:p.end])
	}
	require.Equal(t, articles, got)
}

// TestPiecesCostLeast: a cut that is likely pays for a piece by itself, but not for a
// short one; and pieces never have more tokens than the limit, whatever a cut costs.
func TestPiecesCostLeast(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		cost  []int64
		want  []run
	}{
		{[]int{60, 30, 60}, []int64{0, -3 * nat, -2 * nat}, []run{{0, 1}, {1, 2}, {2, 3}}},
		{[]int{60, 4, 60}, []int64{0, -3 * nat, -2 * nat}, []run{{0, 1}, {1, 3}}},
		{[]int{60, 30, 60}, []int64{0, 3 * nat, 2 * nat}, []run{{0, 2}, {2, 3}}},
		{[]int{60, 25, 60}, []int64{0, 2 * nat, 3 * nat}, []run{{0, 1}, {1, 3}}},
		{[]int{40, 55}, []int64{0, 9 * nat}, []run{{0, 2}}},                 // as much as the limit allows
		{[]int{50, 45, 45}, []int64{0, -1, 9 * nat}, []run{{0, 1}, {1, 3}}}, // without overlap up to the limit
		{[]int{50, 50, 50}, []int64{0, 9 * nat, 1}, []run{{0, 2}, {2, 3}}},
		{[]int{20, 45, 45}, []int64{0, 1, 9 * nat}, []run{{0, 2}, {2, 3}}}, // with overlap less
	} {
		cutter := cutter{overlap: 12, all: make([]border.Unit, len(c.sizes)), sizes: c.sizes, cost: c.cost}
		require.Equal(t, c.want, cutter.pieces(100), "%v %v", c.sizes, c.cost)
	}
}
