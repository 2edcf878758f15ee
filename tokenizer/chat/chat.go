package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/medner/medner/badinput"
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
	name   string
	render Renderer
}

// Option changes how a template is found.
type Option func(*settings)

type settings struct{ fallback Compile }

// Renderer renders conversations; Options.DateString isn't empty.
type Renderer func(messages []Message, o Options) (Rendered, error)

// Compile makes a renderer of a Jinja source.
type Compile func(source string, tokens Tokens) (Renderer, error)

// WithFallback runs templates that aren't known on an engine, such as that of
// package jinja.
func WithFallback(c Compile) Option { return func(s *settings) { s.fallback = c } }

// renderer writes a conversation.
type renderer func(w *writer, messages []Message, o Options) error

func (r renderer) with(tokens Tokens) Renderer {
	return func(messages []Message, o Options) (Rendered, error) {
		w := &writer{Tokens: tokens}
		if err := r(w, messages, o); err != nil {
			return Rendered{}, err
		}
		return Rendered{Text: w.text.String(), Literal: w.literal}, nil
	}
}

// Name is the family whose template it is, such as "llama-3.2", or "jinja" for
// one that runs on a fallback.
func (t *Template) Name() string { return t.name }

// Render turns a conversation into text. What the template refuses, such as two
// user's turns in a row, is an error.
func (t *Template) Render(messages []Message, o Options) (Rendered, error) {
	if o.DateString == "" {
		o.DateString = DefaultDate
	}
	return t.render(messages, o)
}

// Hash is what identifies a template: the sha256 of its source, in hex, with
// line ends as \n and without the last one, as Jinja reads it.
func Hash(source string) string {
	source = strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}

// FromSource finds the template of a Jinja source.
func FromSource(source string, tokens Tokens, options ...Option) (*Template, error) {
	if source == "" {
		return nil, badinput.New("", "chat template", "none", "one")
	}
	if k, ok := known[Hash(source)]; ok {
		return &Template{name: k.name, render: k.render.with(tokens)}, nil
	}
	var s settings
	for _, option := range options {
		option(&s)
	}
	if s.fallback == nil {
		return nil, badinput.New("", "chat template", "an unknown one of sha256 "+Hash(source), "one of "+strings.Join(Names(), ", ")+", or a fallback to Jinja")
	}
	render, err := s.fallback(source, tokens)
	if err != nil {
		return nil, err
	}
	return &Template{name: "jinja", render: render}, nil
}
