package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/tokenizer/chat/internal/jinja"
)

// Message is one turn of a conversation. All templates know the roles user and
// assistant; most know system.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Options holds what a template is told beside the messages.
type Options struct {
	// AddGenerationPrompt ends the text where the assistant's answer begins.
	AddGenerationPrompt bool
	// DateString is the day that templates print which tell the model what day it
	// is, written as in "26 Jul 2024". If empty it is [DefaultDate], so that a
	// prompt is the same tomorrow. A template that asks for another format gets
	// it, unless DateString is written otherwise: it is then printed as it is.
	DateString string
}

// DefaultDate is the day that Llama-3.1's template prints if it isn't told one.
const DefaultDate = "26 Jul 2024"

// Rendered is a conversation as text.
type Rendered struct {
	Text string
	// Literal holds the ranges of bytes of Text, [start, end) and ascending, that
	// came from messages: no special token may be read in them. Hand it on as
	// tokenizer.EncodeOptions.Literal.
	Literal [][2]int
	// SystemFolded says that the template has no system role, as Mistral's first ones
	// don't: the system message stands before the content of the first turn.
	SystemFolded bool
}

// FoldedNote tells a user what [Rendered.SystemFolded] says.
const FoldedNote = "the model's chat template has no system role: the system message is put before the user's first turn"

// Tokens holds the names of the special tokens that templates print, such as
// <|begin_of_text|>; "" if the model has none.
type Tokens struct{ BOS, EOS string }

// Template renders conversations. It may be used by any number of goroutines.
type Template struct {
	// File is the file that the source is from, for errors; it may be empty.
	File string

	name   string
	render func(messages []Message, o Options) (Rendered, error)
}

// RaisedError says why a template refuses a conversation, in the template's own
// words. [Template.Render] returns it within a badinput error.
type RaisedError struct{ Message string }

// Error returns the template's words.
func (e *RaisedError) Error() string { return "the chat template refuses them: " + e.Message }

// Name returns the name of the family that the template is known to be of, such as
// "llama-3.2", or "jinja" if it is interpreted.
func (t *Template) Name() string { return t.name }

// templateField is the field that errors in a template name.
const templateField = "chat template"

// Render turns a conversation into text. A conversation that the template
// refuses, such as one with two turns of the user in a row, is a badinput error.
func (t *Template) Render(messages []Message, o Options) (Rendered, error) {
	r, err := t.render(messages, o)
	if bad := (*badinput.Error)(nil); errors.As(err, &bad) && bad.Field == templateField {
		bad.File = t.File
	}
	return r, err
}

// hash returns the key in known of a template: the sha256, in hex, of its source as
// Jinja reads it, with line ends as \n and without the last one.
func hash(source string) string {
	source = strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}

// FromSource returns the template of a Jinja source. A source that isn't known is
// interpreted as in transformers, but with bounds on its work: [Template.Render]
// fails soon for one that has no end. A source that isn't Jinja is a badinput
// error.
func FromSource(source string, tokens Tokens) (*Template, error) {
	if source == "" {
		return nil, badinput.New("", templateField, "none", "one")
	}
	if k, ok := known[hash(source)]; ok {
		return &Template{name: k.name, render: k.render.with(tokens)}, nil
	}
	t, err := jinja.Compile(source)
	if err != nil {
		return nil, badinput.Wrap("", templateField, err)
	}
	return &Template{name: "jinja", render: interpret(t, tokens)}, nil
}
