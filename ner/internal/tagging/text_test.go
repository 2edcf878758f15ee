package tagging

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// tokens cuts a text before every blank, as byte-level tokenizers do.
func tokens(text string) []Token {
	var all []Token
	start := 0
	for i := 1; i <= len(text); i++ {
		if i == len(text) || text[i] == ' ' {
			all = append(all, Token{Start: start, End: i})
			start = i
		}
	}
	return all
}

func TestPlaces(t *testing.T) {
	text := "Acute renal failure by lithium ."
	all := tokens(text)
	places := Places(text, all, []Mention{{First: 0, End: 3}, {First: 4, End: 5}, {First: 5, End: 6}})
	require.Equal(t, []Place{{0, 19}, {23, 30}, {31, 32}}, places)
	require.Equal(t, "Acute renal failure", text[places[0].Start:places[0].End])

	// Tokens that share a character belong to the mention that has the first.
	text = "é😀"
	shared := []Token{{Start: 0, End: 2}, {Start: 2, End: 6}, {Start: 2, End: 6}, {Start: 2, End: 6}}
	require.Equal(t, []Place{{0, 6}, {6, 6}}, Places(text, shared, []Mention{{First: 0, End: 2}, {First: 2, End: 4}}))

	text = "a \u00a0\n b"
	blank := []Token{{Start: 0, End: 1}, {Start: 1, End: 5}, {Start: 5, End: 7}}
	places = Places(text, blank, []Mention{{First: 1, End: 2}, {First: 2, End: 3}})
	require.Equal(t, places[0].Start, places[0].End)
	require.Equal(t, Place{6, 7}, places[1])
	require.Equal(t, []Place{{0, 1}}, Places(text, blank, []Mention{{First: 0, End: 2}}), "no blank at the end")
	require.Empty(t, Places("", nil, nil))
}

// TestJoinIsTheWholeArticle: however an article is cut into overlapping windows,
// each of its tokens comes once, from the window where it is farther from an edge.
func TestJoinIsTheWholeArticle(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	all := tokens(strings.Repeat(" abc", 300)) // all tokens have equally many bytes
	for range 200 {
		size := 20 + rng.IntN(60)
		overlap := 1 + rng.IntN(size/2-1)
		var windows [][]Token
		for at := 0; len(windows) == 0 || at+overlap < len(all); at += size - overlap {
			var w []Token
			for _, token := range all[at:min(at+size, len(all))] {
				token.Scores = []float32{float32(len(windows))}
				w = append(w, token)
			}
			windows = append(windows, w)
		}
		joined := Join(windows, nil)
		require.Len(t, joined, len(all))
		for i, token := range joined {
			require.Equal(t, all[i].Start, token.Start)
			w := int(token.Scores[0])
			if left := i - w*(size-overlap); left < overlap && w > 0 {
				require.GreaterOrEqual(t, left+1, overlap-1-left, "token %d of window %d, overlap %d", left, w, overlap)
			}
			if right := w*(size-overlap) + size - 1 - i; right < overlap && w < len(windows)-1 {
				require.GreaterOrEqual(t, right+1, overlap-1-right, "token %d before the end of window %d, overlap %d", right, w, overlap)
			}
		}
	}
}

// TestJoinWhereTokensDiffer: windows whose tokens begin elsewhere change where
// tokens of both begin, or where the first one ends; no byte comes twice.
func TestJoinWhereTokensDiffer(t *testing.T) {
	window := func(bounds ...int) (w []Token) {
		for i := range bounds[1:] {
			w = append(w, Token{Start: bounds[i], End: bounds[i+1]})
		}
		return w
	}
	for _, c := range []struct{ a, b, want []Token }{
		{window(0, 2, 5, 8, 10), window(4, 6, 8, 12), window(0, 2, 5, 8, 12)},
		{window(0, 2, 5, 7, 9), window(4, 6, 8, 12), append(window(0, 2, 5, 7, 9), window(9, 12)...)},
		{window(0, 4), window(4, 8), window(0, 4, 8)},
		{window(0, 4), window(6, 8), append(window(0, 4), window(6, 8)...)},
		{nil, window(0, 3), window(0, 3)},
		{window(0, 3), nil, window(0, 3)},
	} {
		require.Equal(t, c.want, Join([][]Token{c.a, c.b}, nil))
	}
	require.Empty(t, Join(nil, nil))
}

// TestJoinKeepsMentionsWhole: windows don't change inside of a mention that either
// of them sees, wherever it lies in the overlap and whatever the other one sees.
func TestJoinKeepsMentionsWhole(t *testing.T) {
	s := scheme(t, schemes["BIO"])
	all := tokens(strings.Repeat(" abc", 60))
	row := func(label int) []float32 {
		scores := make([]float32, s.Labels())
		scores[label] = 9
		return scores
	}
	// Window a has the tokens [0, 40), b those from 28 on; a mention has tokens [from, from+length).
	const endOfA, startOfB = 40, 28
	for _, sees := range []string{"a", "b", "both"} {
		for length := 1; length <= 6; length++ {
			for from := startOfB - length; from <= endOfA; from++ {
				window := func(name string, first, next int) (w []Token) {
					for i := first; i < next; i++ {
						token := all[i]
						token.Scores = row(0)
						if i >= from && i < from+length && (sees == name || sees == "both") {
							token.Scores = row(1 + min(1, i-max(from, first))) // B at what the window sees first
						}
						w = append(w, token)
					}
					return w
				}
				joined := Join([][]Token{window("a", 0, endOfA), window("b", startOfB, 60)}, s.GoesOn)
				require.Len(t, joined, 60)
				var scores [][]float32
				for _, token := range joined {
					scores = append(scores, token.Scores)
				}
				mentions, err := s.Decode(scores, nil)
				require.NoError(t, err)
				require.LessOrEqual(t, len(mentions), 1, "doubled: %s, [%d, %d)", sees, from, from+length)
				whole := from >= startOfB && from+length <= endOfA // in both windows
				switch {
				case len(mentions) == 1 && whole:
					require.Equal(t, [2]int{from, from + length}, [2]int{mentions[0].First, mentions[0].End}, sees)
				case whole || length <= (endOfA-startOfB)/2:
					require.False(t, sees == "both" && len(mentions) == 0, "lost: [%d, %d)", from, from+length)
				}
			}
		}
	}
}

// FuzzPlaces: whatever the tokens are, places lie in order, on whole characters,
// without white space at their ends.
func FuzzPlaces(f *testing.F) {
	f.Add("Lithium caused a tremor.", uint64(1))
	f.Add("a\u0301 😀 \u05d0\u05d1 \r\n x", uint64(2))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if !utf8.ValidString(text) {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		var all []Token
		for i, r := range text {
			end := i + utf8.RuneLen(r)
			if rng.IntN(3) > 0 || len(all) == 0 {
				all = append(all, Token{Start: i, End: end})
			}
			all[len(all)-1].End = end
			if rng.IntN(4) == 0 { // a character of several tokens
				all = append(all, Token{Start: i, End: end})
			}
		}
		var mentions []Mention
		for i := 0; i < len(all); {
			next := i + 1 + rng.IntN(len(all)-i)
			mentions = append(mentions, Mention{First: i, End: next})
			i = next + rng.IntN(2)
		}
		end := 0
		for _, p := range Places(text, all, mentions) {
			if p.Start < end || p.End < p.Start || p.End > len(text) || !utf8.ValidString(text[p.Start:p.End]) {
				t.Fatalf("%v in %q", p, text)
			}
			if body := text[p.Start:p.End]; strings.TrimFunc(body, unicode.IsSpace) != body {
				t.Fatalf("%q", body)
			}
			end = max(end, p.End)
		}
	})
}
