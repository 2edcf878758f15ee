package ner

import (
	"context"
	"slices"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/internal/tagging"
	"github.com/medner/medner/ner/prompt"
)

// tag is a mention that the labels of an article's tokens say: the bytes
// [Start, End) of its text.
type tag struct {
	tagging.Place
	tagging.Mention
}

// written returns the tasks among those given whose items the model writes.
func (e *Extractor) written(tasks []prompt.Task) []prompt.Task {
	if e.using != Tag {
		return tasks
	}
	return slices.DeleteFunc(slices.Clone(tasks), func(t prompt.Task) bool { return t != prompt.Influences })
}

// copies returns the prompts whose copies of the article's pieces are to be
// labelled; none if no task wants labels. The pieces are those of the questions
// under the same prompt about the tasks whose items are written.
func (e *Extractor) copies(d *document.Document, tasks []prompt.Task, pieces *pieces) (all []copied, err error) {
	if e.tagger == nil || !slices.ContainsFunc(tasks, func(t prompt.Task) bool { return t != prompt.Influences }) {
		return nil, nil
	}
	asked := e.written(tasks)
	if len(asked) == 0 {
		asked = tasks
	}
	list, err := pieces.of(asked[0], asked, e.tagger.prompt)
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		piece, _, err := e.copyOf(e.question(asked[0], e.tagger.prompt, d.Text, c, i))
		if err != nil {
			return nil, err
		}
		all = append(all, piece)
	}
	return all, nil
}

// mentions returns the mentions that the labels of a text's tokens say. Windows
// holds the tokens of each piece.
func (e *Extractor) mentions(text string, windows [][]tagging.Token) ([]tag, error) {
	tokens := tagging.Join(windows, e.tagger.scheme.GoesOn)
	scores := make([][]float32, len(tokens))
	for i, t := range tokens {
		scores[i] = t.Scores
	}
	var inWord []bool
	if e.wholeWords {
		inWord = make([]bool, len(tokens))
		for i, t := range tokens[min(1, len(tokens)):] {
			inWord[i+1] = t.Start < tokens[i].End || !ground.Boundary(text, t.Start)
		}
	}
	mentions, err := e.tagger.scheme.Decode(scores, inWord)
	if err != nil {
		return nil, err
	}
	var tags []tag
	for i, p := range tagging.Places(text, tokens, mentions) {
		tags = append(tags, tag{p, mentions[i]})
	}
	return tags, nil
}

// scores returns the tokens of a copy with the scores of their labels.
func (e *Extractor) scores(ctx context.Context, c copied) ([]tagging.Token, error) {
	if len(c.tokens) == 0 {
		return nil, nil
	}
	labelled, err := e.classifier.Classify(ctx, model.ClassifyRequest{Tokens: c.ids, From: c.first, Adapter: e.adapter, Patient: e.patient, Tenant: e.tenant, Admitted: true})
	if err != nil {
		return nil, err
	}
	if e.classified != nil {
		e.classified(len(c.ids), labelled.Timings)
	}
	tokens := make([]tagging.Token, len(c.tokens))
	for i, t := range c.tokens {
		tokens[i] = tagging.Token{Start: t[0], End: t[1], Scores: labelled.Scores[i]}
	}
	return tokens, nil
}
