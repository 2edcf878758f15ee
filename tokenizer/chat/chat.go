package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/tokenizer/chat/internal/jinja"
)

// Message is one turn of a conversation. The roles that all templates know are
// user and assistant; most know system.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Options are what a template may be told beside the messages.
type Options struct {
	// AddGenerationPrompt ends the text where the assistant's answer begins.
	AddGenerationPrompt bool
	// DateString is the day that Llama-3.1 and later are told it is; if empty,
	// DefaultDate, so that a prompt is the same tomorrow.
	DateString string
}

// DefaultDate is the day that Llama's templates print where they can't know it.
const DefaultDate = "26 Jul 2024"

// Rendered is a conversation as text.
type Rendered struct {
	Text string
	// Literal holds the ranges of bytes of Text, ascending, that came from
	// messages: no special token may be read in them.
	Literal [][2]int
}

// Tokens are the names of the special tokens that templates print.
type Tokens struct{ BOS, EOS string }

// Template renders conversations. It may be used by any number of goroutines.
type Template struct {
	// File is where the source is from, for errors; it may be empty.
	File string

	name   string
	render func(messages []Message, o Options) (Rendered, error)
}

// RaisedError is what a template says that refuses a conversation. Render
// returns it within a badinput error.
type RaisedError struct{ Message string }

func (e *RaisedError) Error() string { return "the chat template refuses them: " + e.Message }

// Name returns the family whose template it is, such as "llama-3.2", or "jinja"
// for one that is interpreted.
func (t *Template) Name() string { return t.name }

// templateField is the field of errors that are in a template.
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

// Hash is what identifies a template: the sha256 of its source, in hex, with
// line ends as \n and without the last one, as Jinja reads it.
func Hash(source string) string {
	source = strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}

// FromSource returns the template of a Jinja source. One that isn't known is
// interpreted: as in transformers, but with bounds on its work, so that Render
// returns an error soon.
func FromSource(source string, tokens Tokens) (*Template, error) {
	if source == "" {
		return nil, badinput.New("", templateField, "none", "one")
	}
	if k, ok := known[Hash(source)]; ok {
		return &Template{name: k.name, render: k.render.with(tokens)}, nil
	}
	t, err := jinja.Compile(source)
	if err != nil {
		return nil, badinput.Wrap("", templateField, err)
	}
	return &Template{name: "jinja", render: interpret(t, tokens)}, nil
}
