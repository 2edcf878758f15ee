package tokenizer_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
)

// load reads a tokenizer.json, or the vocabulary of a GGUF file.
func load(t *testing.T, path string) *tokenizer.Tokenizer {
	if strings.HasSuffix(path, ".gguf") {
		c, err := checkpoint.Open(path)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		tok, err := c.Text().Tokenizer()
		require.NoError(t, err)
		return tok
	}
	tok, err := tokenizer.Load(path)
	require.NoError(t, err)
	return tok
}

// TestParity checks the cases that scripts/tokenizer_parity.py writes for a
// tokenizer that the repository can't carry.
func TestParity(t *testing.T) {
	path, cases := os.Getenv("MEDNER_PARITY_TOKENIZER"), os.Getenv("MEDNER_PARITY_CASES")
	if path == "" || cases == "" {
		t.Skip("no tokenizer to compare: run scripts/tokenizer_parity.py TOKENIZER.json")
	}
	tok := load(t, path)
	f, err := os.Open(cases)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<30)
	count, failed := 0, 0
	for lines.Scan() {
		var c struct {
			Text               string
			IDs                []int32
			CharOffsets        [][2]int `json:"char_offsets"`
			Decoded            string
			DecodedSkipSpecial string   `json:"decoded_skip_special"`
			TextIDs            []int32  `json:"text_ids"`
			TextCharOffsets    [][2]int `json:"text_char_offsets"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		parsed := tok.Encode(c.Text, tokenizer.EncodeOptions{AddSpecial: true, ParseSpecial: true})
		text := tok.Encode(c.Text, tokenizer.EncodeOptions{})
		for _, pair := range []struct {
			what      string
			want, got any
		}{
			{"ids", c.IDs, parsed.IDs},
			{"offsets", c.CharOffsets, parsed.CharOffsets(c.Text)},
			{"ids of specials as text", c.TextIDs, text.IDs},
			{"offsets of specials as text", c.TextCharOffsets, text.CharOffsets(c.Text)},
			{"decoded", c.Decoded, tok.Decode(c.IDs, false)},
			{"decoded without specials", c.DecodedSkipSpecial, tok.Decode(c.IDs, true)},
		} {
			if !reflect.DeepEqual(pair.want, pair.got) {
				if failed++; failed < 20 {
					t.Errorf("%.200q: %s:\nwant %.300s\ngot  %.300s", c.Text, pair.what, fmt.Sprint(pair.want), fmt.Sprint(pair.got))
				}
			}
		}
		count++
	}
	require.NoError(t, lines.Err())
	require.NotZero(t, count)
	t.Logf("%d of %d texts, %d differences", count, count, failed)
	if failed > 0 {
		t.Errorf("%d differences", failed)
	}
}
