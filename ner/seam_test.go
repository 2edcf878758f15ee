package ner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// TestSeams: wherever a mention stands between the pieces of a long text, it comes
// once, at its place, whatever the method and the text around it.
func TestSeams(t *testing.T) {
	for name, filler := range map[string]string{
		"sentences":        "Nothing else was seen here. ",
		"no sentence ends": "nothing else was seen here ",
		"characters":       "naïve 😀 אבג ∆été. ",
		"lines":            "Nothing\r\nelse here.\r\n\r\n",
	} {
		for _, method := range []ner.Method{ner.Tag, ner.Generate, ner.Both} {
			for _, whole := range []bool{true, false} {
				if method == ner.Generate && !whole {
					continue // it is about tags
				}
				t.Run(fmt.Sprint(name, ", ", method, ", whole words ", whole), func(t *testing.T) {
					l := newLabeller(t, "")
					l.words = map[string]string{"aspirin acidé": "Chemical"}
					l.answer = func(p string) (string, error) {
						if strings.Contains(p, "aspirin acidé") {
							return "- aspirin acidé", nil
						}
						return "", nil
					}
					e := l.extractor(t, ner.WithMethod(method), ner.WithWholeWords(whole), ner.WithChunkTokens(64), ner.WithTasks(prompt.Chemicals))
					for before := range 24 {
						text := strings.Repeat(filler, 6) + strings.Repeat("x ", before) + "aspirin acidé helped. " + strings.Repeat(filler, 12)
						at := len([]rune(text[:strings.Index(text, "aspirin")]))
						for r, err := range e.Extract(t.Context(), document.Document{ID: "1", Text: text}) {
							require.NoError(t, err)
							require.Contains(t, strings.Join(r.Warnings, " "), "overlapping pieces")
							require.Equal(t, []string{fmt.Sprintf("chemical aspirin acidé@%d-%d", at, at+len([]rune("aspirin acidé")))}, places(r), "%d words before", before)
						}
					}
				})
			}
		}
	}
}

// TestPairsOfPieces: a pair comes once where several pieces have both of its
// sides, with the places of all pieces, and never where no piece has both.
func TestPairsOfPieces(t *testing.T) {
	filler := strings.Repeat("Nothing else was seen here. ", 30)
	both := "Here aspirin gave nausea. "
	for _, c := range []struct {
		text  string
		pairs int
	}{
		{both + filler + both + filler + both, 1},
		{"Some aspirin. " + filler + "Some nausea.", 0},
		{"Some aspirin. " + filler + both + filler + "Some nausea.", 1},
	} {
		l := newLabeller(t, "")
		l.answer = func(p string) (string, error) {
			if strings.Contains(p, "aspirin") && strings.Contains(p, "nausea") {
				return "- aspirin | nausea", nil
			}
			return "", nil
		}
		r := l.extract(t, c.text, ner.WithChunkTokens(64))
		require.Len(t, r.Relations, c.pairs)
		for _, p := range r.Relations {
			require.Equal(t, "aspirin | nausea", p.Chemical+" | "+p.Disease)
			require.True(t, p.Grounded)
		}
		require.Len(t, r.Entities, strings.Count(c.text, "aspirin")+strings.Count(c.text, "nausea"))
	}
}

// TestSentenceOfAMegabyte: a text without the end of a sentence, or of a word, is
// read to its end.
func TestSentenceOfAMegabyte(t *testing.T) {
	for unit, size := range map[string]int{"nothing ": 1 << 20, "nothing-": 1 << 16} {
		half := strings.Repeat(unit, size/2/len(unit)) + " "
		text := half + "aspirin " + half + "aspirin"
		l := newLabeller(t, "")
		r := l.extract(t, text, ner.WithTasks(prompt.Chemicals), ner.WithWholeWords(false))
		want := []string{fmt.Sprintf("chemical aspirin@%d-%d", len(half), len(half)+7), fmt.Sprintf("chemical aspirin@%d-%d", len(text)-7, len(text))}
		require.Equal(t, want, places(r))
	}
}

// Where an article changes its subject, it is cut there, and the pieces share
// nothing.
func TestPiecesAreOfOneSubject(t *testing.T) {
	one := strings.Repeat("Lithium carbonate caused hand tremor in manic patients. ", 24)
	other := strings.Repeat("Aspirin tablets irritate gastric mucosa of volunteers. ", 24)
	l := newLabeller(t, "")
	l.extract(t, one+other+one, ner.WithTasks(prompt.Chemicals), ner.WithChunkTokens(700))
	require.Equal(t, 3, len(l.texts), "pieces")
	for _, piece := range l.texts {
		require.NotEqual(t, strings.Contains(piece, "Lithium"), strings.Contains(piece, "Aspirin"), piece)
	}
}
