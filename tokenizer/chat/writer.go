package chat

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
)

// writer collects a rendered text and which parts of it came from messages.
type writer struct {
	Tokens
	text    strings.Builder
	literal [][2]int
}

// template writes what the template itself says.
func (w *writer) template(parts ...string) {
	for _, s := range parts {
		w.text.WriteString(s)
	}
}

// user writes what came from a message.
func (w *writer) user(s string) {
	if s != "" {
		w.literal = append(w.literal, [2]int{w.text.Len(), w.text.Len() + len(s)})
		w.text.WriteString(s)
	}
}

// wrongRole refuses the message at a place for its role.
func wrongRole(messages []Message, i int, want string) error {
	return badinput.New("", fmt.Sprintf("messages[%d].role", i), fmt.Sprintf("%q", messages[i].Role), want)
}

// alternate refuses messages that aren't of user and assistant in turn; first
// is the place of messages[0] in what the caller gave.
func alternate(messages []Message, first int) error {
	for i, m := range messages {
		want := [2]string{"user", "assistant"}[i%2]
		if m.Role != want {
			return badinput.New("", fmt.Sprintf("messages[%d].role", first+i), fmt.Sprintf("%q", m.Role), want+", as user and assistant take turns in this template")
		}
	}
	return nil
}

// splitSystem returns a system message that stands first, if one does, and the
// rest. Templates that ask for it need a message.
func splitSystem(messages []Message) (system *string, rest []Message, err error) {
	if len(messages) == 0 {
		return nil, nil, badinput.New("", "messages", "none", "at least one")
	}
	if messages[0].Role == "system" {
		return &messages[0].Content, messages[1:], nil
	}
	return nil, messages, nil
}
