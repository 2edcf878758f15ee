package chat

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/hint"
)

// writer collects a rendered text and the ranges of it that came from messages.
type writer struct {
	Tokens
	text    strings.Builder
	literal [][2]int
	folded  bool // as Rendered.SystemFolded
}

// foldedEnd stands between a system message and the turn that it is folded into.
const foldedEnd = "\n\n"

// fold returns a conversation whose system message is put before the content of the
// first turn, and false for one that doesn't begin with a system message and a turn
// of the user.
func fold(messages []Message) ([]Message, bool) {
	if len(messages) < 2 || messages[0].Role != "system" || messages[1].Role != "user" {
		return nil, false
	}
	first := Message{Role: "user", Content: messages[0].Content + foldedEnd + messages[1].Content}
	return append([]Message{first}, messages[2:]...), true
}

// template writes text of the template's own.
func (w *writer) template(parts ...string) {
	for _, s := range parts {
		w.text.WriteString(s)
	}
}

// user writes text that came from a message.
func (w *writer) user(s string) {
	if s != "" {
		w.literal = append(w.literal, [2]int{w.text.Len(), w.text.Len() + len(s)})
		w.text.WriteString(s)
	}
}

// turnsAdvice says what to do with a conversation that a template refuses.
const turnsAdvice = "let user and assistant take turns, beginning with the user: join neighbouring messages of one role into one"

// wrongRole returns the error for the role of messages[i].
func wrongRole(messages []Message, i int, want string) error {
	return badinput.New("", fmt.Sprintf("messages[%d].role", i), fmt.Sprintf("%q", clip.Text(messages[i].Role)), want)
}

// alternate returns an error unless user and assistant take turns in messages.
// first is the index of messages[0] in the whole conversation, for the error.
func alternate(messages []Message, first int) error {
	for i, m := range messages {
		want := [2]string{"user", "assistant"}[i%2]
		if m.Role != want {
			return hint.Add(badinput.New("", fmt.Sprintf("messages[%d].role", first+i), fmt.Sprintf("%q", clip.Text(m.Role)), want+", as user and assistant take turns in this template"), turnsAdvice)
		}
	}
	return nil
}

// splitSystem returns the content of the first message if its role is system, and
// the other messages. An empty conversation is an error.
func splitSystem(messages []Message) (system *string, rest []Message, err error) {
	if len(messages) == 0 {
		return nil, nil, badinput.New("", "messages", "none", "at least one")
	}
	if messages[0].Role == "system" {
		return &messages[0].Content, messages[1:], nil
	}
	return nil, messages, nil
}
