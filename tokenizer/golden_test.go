package tokenizer

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// goldenCase is one text with what tokenizers made of it.
type goldenCase struct {
	Text               string
	IDs                []int32
	IDsWithoutSpecial  []int32  `json:"ids_without_special"`
	CharOffsets        [][2]int `json:"char_offsets"`
	Decoded            string
	DecodedSkipSpecial string `json:"decoded_skip_special"`
}

func goldenCases(t testing.TB, model string) []goldenCase {
	data, err := os.ReadFile(golden.Path(t, "tokenizer", model+".json"))
	require.NoError(t, err)
	var cases []goldenCase
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	return cases
}

func loadGolden(t testing.TB, model string) *Tokenizer {
	tok, err := Load(golden.Path(t, model, "tokenizer.json"))
	require.NoError(t, err)
	return tok
}

var goldenModels = []string{"tiny-llama", "tiny-mistral"}

func TestGoldens(t *testing.T) {
	for _, model := range goldenModels {
		tok := loadGolden(t, model)
		for _, c := range goldenCases(t, model) {
			e := tok.Encode(c.Text, EncodeOptions{AddSpecial: true, ParseSpecial: true})
			require.Equal(t, c.IDs, e.IDs, "%s: %q", model, c.Text)
			require.Equal(t, c.CharOffsets, e.CharOffsets(c.Text), "%s: %q", model, c.Text)
			e = tok.Encode(c.Text, EncodeOptions{ParseSpecial: true})
			require.Equal(t, c.IDsWithoutSpecial, e.IDs, "%s: %q", model, c.Text)
			require.Equal(t, c.Decoded, tok.Decode(c.IDs, false), "%s: %q", model, c.Text)
			require.Equal(t, c.DecodedSkipSpecial, tok.Decode(c.IDs, true), "%s: %q", model, c.Text)
		}
	}
}
