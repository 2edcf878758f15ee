package chat

import (
	"strings"

	"github.com/medner/medner/tokenizer/chat/internal/python"
)

// mistral returns the template of Mistral-7B-Instruct v0.1 and of Mixtral: user
// and assistant take turns, and there is no system role, so that a system message is
// folded into the first turn. after is the text behind the EOS of an answer.
func mistral(after string) renderer {
	return func(w *writer, messages []Message, _ Options) error {
		var system *string
		rest := messages
		if len(messages) > 1 && messages[0].Role == "system" {
			system, rest = &messages[0].Content, messages[1:]
		}
		if err := alternate(rest, len(messages)-len(rest)); err != nil {
			return err
		}
		w.template(w.BOS)
		for i, m := range rest {
			if m.Role == "user" {
				w.template("[INST] ")
				if i == 0 && system != nil {
					w.user(*system)
					w.template(foldedEnd)
					w.folded = true
				}
				w.user(m.Content)
				w.template(" [/INST]")
			} else {
				w.user(m.Content)
				w.template(w.EOS, after)
			}
		}
		return nil
	}
}

// mistralMarks holds the text that the later templates of Mistral write around
// turns.
type mistralMarks struct {
	user, userEnd   string
	assistant       string
	trimAssistant   bool // answers are stripped of white space
	systemWithFirst bool // the system message goes into the first turn, not into the last
}

// The marks for Mistral's tokenizers v1 (7B v0.2), v3 (7B v0.3) and v3 on tekken
// (Nemo).
var (
	mistralV1     = mistralMarks{user: " [INST] ", userEnd: " [/INST]", assistant: " ", systemWithFirst: true}
	mistralV3     = mistralMarks{user: "[INST] ", userEnd: "[/INST]", assistant: " ", trimAssistant: true}
	mistralTekken = mistralMarks{user: "[INST]", userEnd: "[/INST]"}
)

// render writes a conversation. The system message stands inside a turn of the
// user: the first one or, if it is the conversation's last message, the last one.
func (k mistralMarks) render(w *writer, messages []Message, _ Options) error {
	system, rest, err := splitSystem(messages)
	if err != nil {
		return err
	}
	if err := alternate(rest, len(messages)-len(rest)); err != nil {
		return err
	}
	w.template(w.BOS)
	for i, m := range rest {
		if m.Role == "user" {
			w.template(k.user)
			if system != nil && (k.systemWithFirst && i == 0 || !k.systemWithFirst && i == len(rest)-1) {
				w.user(*system)
				w.template("\n\n")
			}
			w.user(m.Content)
			w.template(k.userEnd)
			continue
		}
		content := m.Content
		if k.trimAssistant {
			content = python.Trim(content)
		}
		w.template(k.assistant)
		w.user(content)
		w.template(w.EOS)
	}
	return nil
}

// mistralV7 writes a conversation as the template of Mistral-Large-2411 does:
// system messages have marks of their own and may stand anywhere.
func mistralV7(w *writer, messages []Message, _ Options) error {
	w.template(w.BOS)
	for i, m := range messages {
		switch m.Role {
		case "user":
			w.template("[INST] ")
			w.user(m.Content)
			w.template("[/INST]")
		case "system":
			w.template("[SYSTEM_PROMPT] ")
			w.user(m.Content)
			w.template("[/SYSTEM_PROMPT]")
		case "assistant":
			w.template(" ")
			w.user(m.Content)
			w.template(w.EOS)
		default:
			return wrongRole(messages, i, "user, system or assistant")
		}
	}
	return nil
}

// llama2 writes a conversation as the template of Llama-2-chat does: the system
// message is part of the first turn, and turns are stripped of white space.
func llama2(w *writer, messages []Message, _ Options) error {
	system, rest, err := splitSystem(messages)
	if err != nil {
		return err
	}
	if err := alternate(rest, len(messages)-len(rest)); err != nil {
		return err
	}
	for i, m := range rest {
		if m.Role == "assistant" {
			w.template(" ")
			w.user(python.Trim(m.Content))
			w.template(" ", w.EOS)
			continue
		}
		w.template(w.BOS, "[INST] ")
		content := python.Trim(m.Content)
		if i == 0 && system != nil {
			w.template("<<SYS>>\n")
			w.user(*system)
			w.template("\n<</SYS>>")
			if content = strings.TrimRightFunc(m.Content, python.IsSpace); content != "" {
				w.template("\n\n")
			}
		}
		w.user(content)
		w.template(" [/INST]")
	}
	return nil
}
