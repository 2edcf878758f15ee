package ner

import (
	"context"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/tagging"
	"github.com/medner/medner/ner/prompt"
)

// LabelledToken is a token of a document's text: the bytes [Start, End), widened to
// whole characters, and the raw score of each label. White space before a word belongs
// to the word's token.
type LabelledToken struct {
	Start, End int
	Scores     []float32
}

// Label returns the tokens of a document with the scores of their labels, as methods
// [Tag] and [Both] see them: of the copy of the article that the prompt puts behind it,
// and of a long article in overlapping pieces. It is a badinput error where the
// extractor has no such method.
func (e *Extractor) Label(ctx context.Context, d document.Document) ([]LabelledToken, error) {
	if e.tagger == nil {
		return nil, badinput.New("", "method", string(e.using), "tag or both")
	}
	if err := checkText(d.Text); err != nil {
		return nil, err
	}
	if d.Text == "" {
		return nil, nil
	}
	copies, err := e.copies(&d, []prompt.Task{prompt.Chemicals}, &pieces{e: e, text: d.Text})
	if err != nil {
		return nil, err
	}
	windows := make([][]tagging.Token, len(copies))
	for i, c := range copies {
		if windows[i], err = e.scores(ctx, c); err != nil {
			return nil, err
		}
	}
	var tokens []LabelledToken
	for _, t := range tagging.Join(windows, e.tagger.scheme.GoesOn) {
		tokens = append(tokens, LabelledToken(t))
	}
	return tokens, nil
}
