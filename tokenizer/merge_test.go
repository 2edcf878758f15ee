package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mergeLong finds what bpemodel finds.
func TestMergeLongIsMergeShort(t *testing.T) {
	r := newRand(2)
	for _, model := range goldenModels {
		m := loadGolden(t, model).model
		for range 3000 {
			text := strings.ReplaceAll(strings.Repeat(randomText(r), 1+r.IntN(3)), " ", "▁")
			symbols, _ := m.symbols(text)
			if len(symbols) < 2 {
				continue
			}
			want := mergeShort(slices.Clone(symbols), m.merges)
			got := m.mergeLong(slices.Clone(symbols))
			if !slices.Equal(want, got) {
				t.Fatalf("%s: %q: %v, not %v", model, text, got, want)
			}
		}
	}
}

// A text is cut at a boundary character only if that changes nothing.
func TestBoundaryChangesNothing(t *testing.T) {
	cut, whole := loadGolden(t, "tiny-mistral"), loadGolden(t, "tiny-mistral")
	require.Equal(t, "▁", cut.model.boundary)
	whole.model.boundary = ""
	r := newRand(3)
	for range 5000 {
		text := randomText(r)
		require.Equal(t, whole.Encode(text, EncodeOptions{}), cut.Encode(text, EncodeOptions{}), "%q", text)
	}
}

func TestCacheChangesNothing(t *testing.T) {
	r := newRand(4)
	texts := make([]string, 300)
	for i := range texts {
		texts[i] = randomText(r)
	}
	for _, model := range goldenModels {
		shared, fresh := loadGolden(t, model), loadGolden(t, model)
		want := make([]Encoding, len(texts))
		for i, text := range texts {
			fresh.model.cache = wordCache{}
			want[i] = fresh.Encode(text, EncodeOptions{})
		}
		t.Run(model, func(t *testing.T) {
			for range 4 { // at once, to share the cache
				t.Run("", func(t *testing.T) {
					t.Parallel()
					for i, text := range texts {
						if got := shared.Encode(text, EncodeOptions{}); !slices.Equal(got.IDs, want[i].IDs) || !slices.Equal(got.Offsets, want[i].Offsets) {
							t.Errorf("%q: %v, not %v", text, got, want[i])
						}
					}
				})
			}
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	tok := loadGolden(t, "tiny-llama")
	r := newRand(5)
	word := make([]byte, 8)
	for range 3 * cacheShards * cacheWords {
		for i := range word {
			word[i] = byte('a' + r.IntN(26))
		}
		tok.Encode(string(word), EncodeOptions{})
	}
	for i := range tok.model.cache.shards {
		s := &tok.model.cache.shards[i]
		require.LessOrEqual(t, len(s.young), cacheWords)
		require.LessOrEqual(t, len(s.old), cacheWords)
	}
}

// A megabyte in one word takes a few seconds at most.
func TestLongTexts(t *testing.T) {
	for _, model := range goldenModels {
		tok := loadGolden(t, model)
		for _, unit := range []string{"a", "ab", "the", " ", "\n", "\r\n ", "'", "1", "!", "é", "e\u0301", "日本", "🧬", "▁", "<", "<|eot_id|", "<|eot_id|>", "<s>", "\xff", "\x00"} {
			size := 1 << 16
			if unit == "ab" || unit == "日本" {
				size = 1 << 20
			}
			text := strings.Repeat(unit, size/len(unit))
			begun := time.Now()
			e := tok.Encode(text, EncodeOptions{ParseSpecial: true})
			if took := time.Since(begun); took > time.Minute {
				t.Errorf("%s: %q takes %s", model, unit, took)
			}
			if last := e.Offsets[len(e.Offsets)-1]; last[1] != len(text) {
				t.Errorf("%s: %q ends at %d of %d", model, unit, last[1], len(text))
			}
		}
	}
}
