// Package jinja runs chat templates as transformers does: Jinja with
// trim_blocks, lstrip_blocks, break and continue, in a sandbox.
//
// It is an interpreter of its own, as a template is a program out of a model's
// directory and no library in Go stops one: a template gets a number of steps,
// of bytes and of levels, and reads no file. Its strings also know which of
// their bytes come from messages, through whatever a template does with them,
// so that what a user types can't be read as a special token.
package jinja

import (
	"errors"
	"fmt"
	"slices"
)

// Template is a compiled template. It may be used by any number of goroutines.
type Template struct{ body []statement }

// Message is one turn of a conversation.
type Message struct{ Role, Content string }

// Input is what a template is rendered with.
type Input struct {
	Messages            []Message
	AddGenerationPrompt bool
	BOS, EOS            string // undefined in the template if empty
	// Date is the variable date_string, undefined if empty.
	Date string
	// Today is what strftime_now formats, written as in "26 Jul 2024".
	Today string
}

// Output is a rendered text; Typed holds the ranges of its bytes that come from
// messages, ascending.
type Output struct {
	Text  string
	Typed [][2]int
}

// Compile reads a template. What the source calls by a wrong name is found when
// it runs.
func Compile(source string) (t *Template, err error) {
	defer caught(&err)
	if len(source) > maxSource {
		fail("%d bytes, at most %d are read", len(source), maxSource)
	}
	return &Template{parse(source)}, nil
}

// Render runs the template. If it calls raise_exception, the error is a
// *RaisedError.
func (t *Template) Render(in Input) (Output, error) { return t.render(in, newBudget(in.size())) }

func (t *Template) render(in Input, b budget) (out Output, err error) {
	r := &run{budget: b, out: &builder{}, now: clock(in.Today)}
	defer func() {
		if err != nil && r.line > 0 && !errors.As(err, new(*RaisedError)) {
			err = fmt.Errorf("line %d: %w", r.line, err)
		}
	}()
	defer caught(&err)
	r.top = r.out
	r.exec(t.body, in.scope().inner())
	text := r.out.text()
	out.Text = text.s
	for _, p := range text.typed {
		out.Typed = append(out.Typed, [2]int{p.from, p.to})
	}
	return out, nil
}

// size returns the bytes of the messages.
func (in Input) size() int {
	n := 0
	for _, m := range in.Messages {
		n += len(m.Role) + len(m.Content) + 64
	}
	return n
}

// scope returns the variables that a template finds.
func (in Input) scope() *scope {
	vars := map[string]value{
		"add_generation_prompt": in.AddGenerationPrompt,
		"tools":                 nil,
		"documents":             nil,
		"messages":              in.messages(),
	}
	for name, s := range map[string]text{"bos_token": plain(in.BOS), "eos_token": plain(in.EOS), "date_string": typedText(in.Date)} {
		if s.s != "" {
			vars[name] = s
		}
	}
	return &scope{parent: &scope{many: globals}, many: vars}
}

// roles are those that templates write into special tokens, as in <|user|>. Any
// other role is text that somebody typed.
var roles = []string{"system", "developer", "user", "assistant", "model", "tool", "function", "ipython", "observation"}

func (in Input) messages() *list {
	l := &list{}
	for _, m := range in.Messages {
		role := typedText(m.Role)
		if slices.Contains(roles, m.Role) {
			role = plain(m.Role)
		}
		d := newDict()
		d.set(plain("role"), role)
		d.set(plain("content"), typedText(m.Content))
		l.items = append(l.items, d)
	}
	return l
}
