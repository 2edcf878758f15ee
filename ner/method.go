package ner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/typename"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/tagging"
	"github.com/medner/medner/ner/prompt"
)

// Method is how chemicals and diseases are found. Pairs are always written.
type Method string

// The methods.
const (
	Generate Method = "generate" // the model writes lists, whose items are looked up in the article
	Tag      Method = "tag"      // a token classification head labels the article's tokens
	Both     Method = "both"     // both ways; what one has found alone is less sure
)

// Classifier scores the labels of tokens, as *model.Model does under an adapter,
// or a base, with a token classification head. It is called from many goroutines
// at once.
type Classifier interface {
	Classify(ctx context.Context, r model.ClassifyRequest) (*model.Classification, error)
	// Labels returns the labels under an adapter, in the order of their scores.
	Labels(adapter string) ([]string, error)
}

// tagger is what an extractor labels tokens with.
type tagger struct {
	prompt *prompt.Prompt // the one whose copy of the article is labelled
	scheme *tagging.Scheme
}

// Method returns how the extractor finds chemicals and diseases.
func (e *Extractor) Method() Method { return e.using }

// chooseMethod sets how mentions are found: by the method that the settings name,
// or else by tags where the model has labels and a prompt has a copy of the
// article for them, and by lists where not.
func (e *Extractor) chooseMethod() error {
	asked := e.method
	e.using, e.tagger = Generate, nil
	if asked == Generate {
		return nil
	}
	t, err := e.newTagger()
	var lacks *lacksTagsError
	switch {
	case errors.As(err, &lacks) && asked == "":
		return nil
	case errors.As(err, &lacks):
		bad := badinput.New("", fmt.Sprintf("method %q", asked), lacks.found, lacks.expected)
		bad.Err = lacks.err
		return bad
	case err != nil:
		return err
	}
	e.using, e.tagger = asked, t
	if asked == "" {
		e.using = Tag
	}
	return nil
}

// lacksTagsError says what an extractor lacks for tags.
type lacksTagsError struct {
	found, expected string
	err             error // the cause, or nil
}

func (e *lacksTagsError) Error() string { return e.found }

// newTagger returns what the extractor labels tokens with. The error is a
// *lacksTagsError where it has nothing for that, and a *badinput.Error where it
// has labels that can't be read.
func (e *Extractor) newTagger() (*tagger, error) {
	const lists = `or method "generate"`
	if e.profile == SeedCompat {
		return nil, &lacksTagsError{found: "profile seed-compat, which reads lists", expected: "profile default, " + lists}
	}
	labels, err := e.subject.labels()
	if err != nil {
		return nil, err
	}
	if labels.scheme == nil {
		return nil, &lacksTagsError{labels.lack, "a model or an adapter with a token classification head, " + lists, labels.err}
	}
	for _, p := range e.prompts {
		if _, ok := p.BeforeCopy(); ok {
			return &tagger{p, labels.scheme}, nil
		}
	}
	found := fmt.Sprintf("prompt %s, which has no copy of the article to label", strings.Join(e.asked, ", "))
	return nil, &lacksTagsError{found: found, expected: `a prompt with "tags", such as article-first, ` + lists}
}

// labelling says how tokens are labelled under an adapter.
type labelling struct {
	scheme *tagging.Scheme // nil: they aren't
	lack   string          // what is missing for that, if the scheme is nil
	err    error           // the cause, or nil
}

// labelsOf reads the labels of a classifier under an adapter. Labels that are
// there but can't be read as mentions of chemicals or diseases are a
// *badinput.Error.
func labelsOf(c Classifier, adapter string) (labelling, error) {
	if c == nil {
		return labelling{lack: "an engine that classifies no tokens"}, nil
	}
	names, err := c.Labels(adapter)
	var bad *badinput.Error
	if errors.As(err, &bad) && bad.Field == "adapter" {
		return labelling{lack: "no token classification head", err: err}, nil
	}
	if err != nil {
		return labelling{}, err
	}
	const field = "labels of the token classification head"
	scheme, err := tagging.NewScheme(names)
	if err != nil {
		bad := badinput.New("", field, listed(names), "labels of chemicals or diseases in the scheme IO, BIO or BIOES")
		bad.Err = err
		return labelling{}, bad
	}
	for _, typ := range scheme.Types() {
		if typename.Of(typ) != "" {
			return labelling{scheme: scheme}, nil
		}
	}
	return labelling{}, badinput.New("", field, "the types "+listed(scheme.Types()), "Chemical, Disease, or names that corpora give them")
}

// listed joins names, the first of them if there are many.
func listed(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
