package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// componentCase is a text with what tokenizers made of it: its ids and offsets
// in code points with special tokens parsed and added; the same without; other
// ids, and what they decode to with and without special tokens.
type componentCase struct {
	Text                  string
	IDs, TextIDs, Decoded []int32
	Offsets, TextOffsets  [][2]int
	All, SkipSpecial      string
}

func (c *componentCase) UnmarshalJSON(data []byte) error {
	fields := []any{&c.Text, &c.IDs, &c.Offsets, &c.TextIDs, &c.TextOffsets, &c.Decoded, &c.All, &c.SkipSpecial}
	return json.Unmarshal(data, &fields)
}

// TestComponents checks small tokenizers of all components against what
// scripts/tokenizer_components.py wrote.
func TestComponents(t *testing.T) {
	file, err := os.Open("testdata/components.json.gz")
	require.NoError(t, err)
	defer file.Close()
	data, err := gzip.NewReader(file)
	require.NoError(t, err)
	var golden struct {
		Of []struct {
			Tokenizer json.RawMessage
			Cases     []componentCase
		}
	}
	require.NoError(t, json.NewDecoder(data).Decode(&golden))
	for i, g := range golden.Of {
		tok, err := Parse("tokenizer", g.Tokenizer)
		require.NoError(t, err, "%d", i)
		describe := func() string {
			var all map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(g.Tokenizer, &all))
			out := ""
			for _, part := range []string{"normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens"} {
				out += part + ": " + string(all[part]) + "\n"
			}
			return out
		}
		for _, c := range g.Cases {
			e := tok.Encode(c.Text, EncodeOptions{AddSpecial: true, ParseSpecial: true})
			require.Equal(t, c.IDs, e.IDs, "%d: %q\n%s", i, c.Text, describe())
			require.Equal(t, c.Offsets, e.CharOffsets(c.Text), "%d: %q\n%s", i, c.Text, describe())
			e = tok.Encode(c.Text, EncodeOptions{})
			require.Equal(t, c.TextIDs, e.IDs, "%d: %q\n%s", i, c.Text, describe())
			require.Equal(t, c.TextOffsets, e.CharOffsets(c.Text), "%d: %q\n%s", i, c.Text, describe())
			require.Equal(t, c.All, tok.Decode(c.Decoded, false), "%d: %q\n%s", i, c.Decoded, describe())
			require.Equal(t, c.SkipSpecial, tok.Decode(c.Decoded, true), "%d: %q\n%s", i, c.Decoded, describe())
		}
	}
}
