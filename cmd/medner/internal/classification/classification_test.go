package classification

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
)

// TestPipelineOfTransformers compares tokens and spans with those that transformers'
// pipeline finds.
func TestPipelineOfTransformers(t *testing.T) {
	dir := filepath.Join(golden.Root(), "testdata", "goldens-tags")
	type entity struct {
		Entity string
		Group  string `json:"entity_group"`
		Index  int
		Start  int
		End    int
		Score  float64
	}
	var cases []struct {
		Text         string
		None, Simple []entity
	}
	data, err := os.ReadFile(filepath.Join(dir, "pipeline.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &cases))
	m, err := model.Open(t.Context(), filepath.Join(dir, "models", "llama"), model.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	tok, err := m.Text().Tokenizer()
	require.NoError(t, err)
	names, err := m.Labels("")
	require.NoError(t, err)
	c := Classifier{Model: m, Tokenizer: tok, Labels: names, Adapter: model.Base, Scores: NoScores}
	for _, want := range cases {
		runes := []rune(want.Text)
		c.Simple = false
		got, err := c.Classify(t.Context(), &document.Document{ID: "1", Text: want.Text})
		require.NoError(t, err)
		require.Nil(t, got.Spans)
		require.Len(t, got.Tokens, len(want.None))
		for i, token := range got.Tokens {
			w := want.None[i]
			require.Equal(t, []any{w.Entity, w.Index, w.Start, w.End}, []any{token.Label, token.Index, token.Start, token.End})
			require.InDelta(t, w.Score, token.Score, 1e-4)
			require.Equal(t, string(runes[token.Start:token.End]), token.Text)
		}
		c.Simple = true
		got, err = c.Classify(t.Context(), &document.Document{ID: "1", Text: want.Text})
		require.NoError(t, err)
		require.Nil(t, got.Tokens)
		require.Len(t, got.Spans, len(want.Simple))
		for i, span := range got.Spans {
			w := want.Simple[i]
			require.Equal(t, w.Group, span.Label)
			require.InDelta(t, w.Score, span.Score, 1e-4)
			require.Equal(t, string(runes[span.Start:span.End]), span.Text)
			whole := string(runes[w.Start:w.End])
			if strings.TrimSpace(whole) == "" {
				require.Equal(t, whole, span.Text)
				continue
			}
			require.Equal(t, strings.TrimSpace(whole), span.Text)
			require.True(t, w.Start <= span.Start && span.End <= w.End)
		}
	}
	c.Scores = Probabilities
	got, err := c.Classify(t.Context(), &document.Document{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, []Token{}, got.Tokens)
	require.Equal(t, []Span{}, got.Spans)
	got, err = c.Classify(t.Context(), &document.Document{ID: "1", Text: "one"})
	require.NoError(t, err)
	require.NotEmpty(t, got.Tokens)
	for _, token := range got.Tokens {
		sum := 0.0
		for _, p := range token.Scores {
			sum += p
		}
		require.InDelta(t, 1, sum, 1e-12)
		require.Len(t, token.Scores, len(names))
	}
}
