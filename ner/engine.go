package ner

import (
	"context"
	"errors"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// Generator continues prompts, as *model.Model does. It is called from many
// goroutines at once.
type Generator interface {
	Generate(ctx context.Context, r model.Request) (*model.Result, error)
	// StopIDs returns the ids that end an answer.
	StopIDs() []int32
	// Context returns the number of positions that prompt and answer may have.
	Context() int
}

// Engine is what an extractor asks where that isn't a *model.Model: a
// generator, the tokenizer of its ids, and what [New] finds out about a model.
type Engine struct {
	Generator
	Classifier Classifier // nil: the engine can't tag
	Tokenizer  *tokenizer.Tokenizer
	// Template writes conversations for prompts that ask for the model's own
	// chat template. It may be nil.
	Template *chat.Template
	// About is repeated in results. [WithAdapter] replaces its Adapter.
	About document.Model
	// Prompt names the prompt that the model or its adapter was trained with;
	// "" means the one that suits the model's family.
	Prompt string
	// Numerics names what log-probabilities depend on beside About's precision
	// and weights: a calibration holds for the same text only. It may be empty.
	Numerics string
}

// NewWithEngine returns an extractor that asks an engine of the caller's: a
// wrapper around a model, another implementation, or a fake in a test.
func NewWithEngine(engine Engine, options ...Option) (*Extractor, error) {
	return newExtractor(newShared(engine, engine.Classifier, engine.Tokenizer, engine.template, engine.under), options)
}

// template returns the chat template.
func (e *Engine) template() (*chat.Template, error) {
	if e.Template == nil {
		return nil, errors.New("the engine has no chat template")
	}
	return e.Template, nil
}

// under describes the engine under an adapter.
func (e *Engine) under(adapter string) (*subject, error) {
	s := &subject{about: e.About, prompt: e.Prompt, numerics: e.Numerics, calibrations: noCalibrations}
	s.labels = func() (labelling, error) { return labelsOf(e.Classifier, adapter) }
	switch adapter {
	case "":
	case model.Base:
		s.about.Adapter = ""
	default:
		s.about.Adapter = adapter
	}
	return s, nil
}

func noCalibrations() ([]*confidence.Calibration, error) { return nil, nil }

// subject is what an extractor knows about the model under one adapter.
type subject struct {
	about    document.Model
	prompt   string // as Engine.Prompt
	numerics string // as Engine.Numerics
	// calibrations returns the calibrations that belong to the model, and what
	// kept it from reading more of them.
	calibrations func() ([]*confidence.Calibration, error)
	// labels says how the model labels tokens.
	labels func() (labelling, error)
}

// style returns the marks of the model's family, by the special tokens of the
// vocabulary.
func (s *shared) style() prompt.Style {
	return prompt.StyleOf(func(token string) bool {
		_, ok := s.tokenizer.ID(token)
		return ok
	})
}

// defaultPrompt names the prompt to ask with unless an option names another.
func (e *Extractor) defaultPrompt() string {
	labels, err := e.subject.labels()
	switch {
	case e.subject.prompt != "":
		return e.subject.prompt
	case err == nil && labels.scheme != nil:
		return "article-first"
	case e.style() == prompt.Llama3:
		return "train"
	}
	return "simple"
}
