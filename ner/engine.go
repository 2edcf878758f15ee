package ner

import (
	"context"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// Generator continues prompts; *model.Model does. It is called from many
// goroutines at once.
type Generator interface {
	Generate(ctx context.Context, r model.Request) (*model.Result, error)
	// StopIDs end an answer.
	StopIDs() []int32
	// Context is the number of positions that prompt and answer may have.
	Context() int
}

// Engine is what an extractor asks: a model with the tokenizer that its ids
// are of.
type Engine struct {
	Generator
	Tokenizer *tokenizer.Tokenizer
	// Template writes conversations for prompts that ask for the model's own
	// chat template; may be nil.
	Template *chat.Template
	// About is echoed in results.
	About document.Model
	// Prompt is the profile that the model or its adapter was trained with; "":
	// what its family suggests.
	Prompt string
	// Numerics is what log-probabilities depend on beside what About says: a
	// calibration holds for the same. May be empty.
	Numerics string
}

// style is the family's marks, by the special tokens of the vocabulary.
func (e *Engine) style() prompt.Style {
	return prompt.StyleOf(func(token string) bool {
		_, ok := e.Tokenizer.ID(token)
		return ok
	})
}

// defaultPrompt is the profile to ask with unless another is named.
func (e *Engine) defaultPrompt() string {
	switch {
	case e.Prompt != "":
		return e.Prompt
	case e.style() == prompt.Llama3:
		return "train"
	}
	return "simple"
}
