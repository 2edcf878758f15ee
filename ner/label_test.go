package ner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
)

// TestLabel: all of a text's tokens come once and in order, in one piece or in many,
// each with the scores of its copy.
func TestLabel(t *testing.T) {
	l := newLabeller(t, "")
	text := strings.TrimSpace(strings.Repeat("Then aspirin and some pain, of which nobody knows. ", 40))
	for _, tokens := range []int{0, 64} {
		e := l.extractor(t, ner.WithMethod(ner.Tag), ner.WithChunkTokens(tokens))
		l.texts = nil
		found, err := e.Label(t.Context(), document.Document{ID: "1", Text: text})
		require.NoError(t, err)
		require.Equal(t, tokens > 0, len(l.texts) > 1)
		at, chemicals := 0, 0
		for _, token := range found {
			require.Equal(t, at, token.Start)
			require.Len(t, token.Scores, len(bio))
			at = token.End
			if token.Scores[1] > 0 { // B-Chemical
				chemicals++
				require.True(t, strings.HasPrefix(text[token.Start:], " aspirin") || strings.HasPrefix(text[token.Start:], "aspirin"))
			}
		}
		require.Equal(t, len(text), at)
		require.Equal(t, 40, chemicals)
	}
	e := l.extractor(t, ner.WithMethod(ner.Tag))
	none, err := e.Label(t.Context(), document.Document{ID: "1"})
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = e.Label(t.Context(), document.Document{ID: "1", Text: "a\xff"})
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	_, err = l.extractor(t, ner.WithMethod(ner.Generate)).Label(t.Context(), document.Document{Text: "a"})
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "method: found generate")
	l.err = errors.New("failed")
	_, err = e.Label(t.Context(), document.Document{ID: "1", Text: text})
	require.ErrorIs(t, err, l.err)
}
