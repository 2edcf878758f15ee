package chat

import (
	"cmp"
	"errors"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/tokenizer/chat/internal/jinja"
)

// interpret returns the renderer of a template that has none in Go.
func interpret(t *jinja.Template, tokens Tokens) func([]Message, Options) (Rendered, error) {
	return func(messages []Message, o Options) (Rendered, error) {
		in := jinja.Input{
			AddGenerationPrompt: o.AddGenerationPrompt,
			BOS:                 tokens.BOS,
			EOS:                 tokens.EOS,
			Date:                o.DateString,
			Today:               cmp.Or(o.DateString, DefaultDate),
		}
		for _, m := range messages {
			in.Messages = append(in.Messages, jinja.Message(m))
		}
		out, err := t.Render(in)
		if raised := (*jinja.RaisedError)(nil); errors.As(err, &raised) {
			return Rendered{}, badinput.Wrap("", "messages", &RaisedError{raised.Message})
		}
		if err != nil {
			return Rendered{}, badinput.Wrap("", templateField, err)
		}
		return Rendered{Text: out.Text, Literal: out.Typed}, nil
	}
}

// renderer writes a conversation with a template that is written in Go.
type renderer func(w *writer, messages []Message, o Options) error

func (r renderer) with(tokens Tokens) func([]Message, Options) (Rendered, error) {
	return func(messages []Message, o Options) (Rendered, error) {
		o.DateString = cmp.Or(o.DateString, DefaultDate)
		w := &writer{Tokens: tokens}
		if err := r(w, messages, o); err != nil {
			return Rendered{}, err
		}
		return Rendered{Text: w.text.String(), Literal: w.literal}, nil
	}
}
