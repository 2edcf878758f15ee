package chat

import (
	"cmp"
	"errors"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/tokenizer/chat/internal/jinja"
)

// interpret returns a function that renders conversations with a template that is not
// written in Go. A template that refuses a conversation, but takes it with the system
// message folded into the first turn, has no system role: the folded one is rendered.
func interpret(t *jinja.Template, tokens Tokens) func([]Message, Options) (Rendered, error) {
	render := run(t, tokens)
	return func(messages []Message, o Options) (Rendered, error) {
		out, err := render(messages, o)
		var raised *RaisedError
		if !errors.As(err, &raised) {
			return out, err
		}
		if folded, ok := fold(messages); ok {
			if out, e := render(folded, o); e == nil {
				out.SystemFolded = true
				return out, nil
			}
		}
		if strings.Contains(strings.ToLower(raised.Message), "role") {
			err = hint.Add(err, turnsAdvice)
		}
		return Rendered{}, err
	}
}

// run returns a function that renders a conversation with the template, as it is.
func run(t *jinja.Template, tokens Tokens) func([]Message, Options) (Rendered, error) {
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
		return Rendered{Text: w.text.String(), Literal: w.literal, SystemFolded: w.folded}, nil
	}
}
