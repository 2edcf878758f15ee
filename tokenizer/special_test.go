package tokenizer

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Special tokens that are typed stay text, whichever way a model might make
// them of it.
func TestTypedSpecialsStayText(t *testing.T) {
	merging := spoil(t, map[string]any{"model.vocab": object{"<": 0, "x": 1, ">": 2, "<x": 3, "<x>": 4}, "model.merges": list{"< x", "<x >"}})
	whole := spoil(t, map[string]any{"model.vocab": object{"<": 0, "x": 1, ">": 2, "<x": 3, "<x>": 4}, "model.merges": list{"< x"}, "model.ignore_merges": true})
	for _, data := range [][]byte{merging, whole} {
		tok, err := Parse("special", data)
		require.NoError(t, err)
		require.Equal(t, []int32{4}, tok.Encode("<x>", EncodeOptions{ParseSpecial: true}).IDs)
		require.Equal(t, []int32{3, 2}, tok.Encode("<x>", EncodeOptions{}).IDs)
	}
	r := newRand(9)
	for _, model := range goldenModels {
		tok := loadGolden(t, model)
		for range 3000 {
			text := randomText(r)
			for _, id := range tok.Encode(text, EncodeOptions{}).IDs {
				if tok.IsSpecial(id) {
					t.Fatalf("%s: %q: %s", model, text, tok.Token(id))
				}
			}
		}
	}
}

// Literal ranges stay text, and what stands beside them doesn't.
func TestLiteral(t *testing.T) {
	tok := loadGolden(t, "tiny-mistral")
	specials := func(text string, literal ...[2]int) (at [][2]int) {
		e := tok.Encode(text, EncodeOptions{ParseSpecial: true, Literal: literal})
		for i, id := range e.IDs {
			if tok.IsSpecial(id) {
				at = append(at, e.Offsets[i])
			}
		}
		return at
	}
	const text = "<s>a<s>b</s>" // <s> at 0 and 4, </s> at 8
	require.Equal(t, [][2]int{{0, 3}, {4, 7}, {8, 12}}, specials(text))
	require.Equal(t, [][2]int{{0, 3}, {8, 12}}, specials(text, [2]int{3, 8}))
	require.Equal(t, [][2]int{{0, 3}, {8, 12}}, specials(text, [2]int{3, 4}, [2]int{6, 8}))
	require.Equal(t, [][2]int{{0, 3}, {4, 7}, {8, 12}}, specials(text, [2]int{3, 4}, [2]int{7, 8}, [2]int{8, 8}))
	require.Equal(t, [][2]int{{4, 7}}, specials(text, [2]int{8, 9}, [2]int{0, 3}), "in any order")
	require.Empty(t, specials(text, [2]int{0, 12}, [2]int{1, 2}), "one in another")
	require.Empty(t, specials(text, [2]int{0, 12}))
	require.Equal(t, [][2]int{{2, 6}}, specials("<s</s>", [2]int{0, 2}))
	require.Empty(t, specials("<s>", [2]int{0, 2}), "half of it typed")
}

func TestNames(t *testing.T) {
	tok := loadGolden(t, "tiny-llama")
	id, ok := tok.ID("<|eot_id|>")
	require.True(t, ok)
	require.Equal(t, int32(2041), id)
	require.Equal(t, "<|eot_id|>", tok.Token(id))
	require.True(t, tok.IsSpecial(id))
	require.Equal(t, 2048, tok.VocabSize())
	_, ok = tok.ID("<|eot|>")
	require.False(t, ok)
	id, ok = tok.ID("Ġthe")
	require.True(t, ok)
	require.Equal(t, []byte(" the"), tok.TokenBytes(id))
	require.False(t, tok.IsSpecial(id))
	require.Empty(t, tok.Token(-1))
	require.Empty(t, tok.Token(2048))
	bos, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, "<|begin_of_text|>", tok.Token(bos))

	none, err := Parse("small", []byte(smallFile))
	require.NoError(t, err)
	_, ok = none.BOS()
	require.False(t, ok)
	require.Equal(t, "ab a <x>", none.Decode([]int32{2, 0, 77, 4, -1}, false), "no decoder: spaces between")
}

func TestCharOffsets(t *testing.T) {
	const text = "aé日🧬\xffb"
	e := Encoding{Offsets: [][2]int{{0, 0}, {0, 1}, {1, 3}, {3, 6}, {3, 6}, {6, 10}, {10, 11}, {1, 10}, {11, 12}, {0, 0}}}
	require.Equal(t, [][2]int{{0, 0}, {0, 1}, {1, 2}, {2, 3}, {2, 3}, {3, 4}, {4, 5}, {1, 4}, {5, 6}, {0, 0}}, e.CharOffsets(text))
}
