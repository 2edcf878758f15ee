package chat

import "strings"

const (
	qwenSystem = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

	thinkEnd      = "</think>"
	responseBegin = "<tool_response>"
	responseEnd   = "</tool_response>"
)

// qwen returns the template of Qwen2.5 or Qwen3, without tools: the conversation's
// system message comes first, or else system, unless that is empty; then come the turns.
// assistant writes an answer, messages[i]; query is the index of the last query.
func qwen(system string, assistant func(w *writer, messages []Message, i, query int)) renderer {
	return func(w *writer, messages []Message, o Options) error {
		own, rest, err := splitSystem(messages)
		if err != nil {
			return err
		}
		first, query := len(messages)-len(rest), lastQuery(messages)
		switch {
		case own != nil:
			chatMLTurn(w, messages[0])
		case system != "":
			w.template(imStart, "system\n", system, imEnd)
		}
		for i := first; i < len(messages); i++ {
			switch m := messages[i]; m.Role {
			case "user", "system":
				chatMLTurn(w, m)
			case "assistant":
				assistant(w, messages, i, query)
			case "tool":
				toolResponse(w, messages, i)
			default:
				return wrongRole(messages, i, "system, user, assistant or tool: this template leaves out others")
			}
		}
		if o.AddGenerationPrompt {
			w.template(imStart, "assistant\n")
		}
		return nil
	}
}

// toolResponse writes a tool's message, messages[i]. Messages of tools that follow one
// another share one turn of the user.
func toolResponse(w *writer, messages []Message, i int) {
	tool := func(i int) bool { return 0 <= i && i < len(messages) && messages[i].Role == "tool" }
	if !tool(i - 1) {
		w.template(imStart, "user")
	}
	w.template("\n", responseBegin, "\n")
	w.user(messages[i].Content)
	w.template("\n", responseEnd)
	if !tool(i + 1) {
		w.template(imEnd)
	}
}

// qwen25 is the template of Qwen2.5's instruction models.
var qwen25 = qwen(qwenSystem, func(w *writer, messages []Message, i, _ int) { chatMLTurn(w, messages[i]) })

// qwen3 is the template of Qwen3, told nothing about thinking. Answers to earlier
// queries lose their thoughts; answers since the last query keep theirs, and the last
// message has a place for thoughts even if it has none.
var qwen3 = qwen("", func(w *writer, messages []Message, i, query int) {
	thoughts, answer := splitThoughts(messages[i].Content)
	w.template(imStart, "assistant\n")
	if i > query && (i == len(messages)-1 || thoughts != "") {
		w.template("<think>\n")
		w.user(strings.Trim(thoughts, "\n"))
		w.template("\n", thinkEnd, "\n\n")
		answer = strings.TrimLeft(answer, "\n")
	}
	w.user(answer)
	w.template(imEnd)
})

// splitThoughts cuts an assistant's message where its thoughts end. A message without
// thoughts is all answer.
func splitThoughts(content string) (thoughts, answer string) {
	end := strings.LastIndex(content, thinkEnd)
	if end < 0 {
		return "", content
	}
	thoughts, _, _ = strings.Cut(content, thinkEnd)
	thoughts = strings.TrimRight(thoughts, "\n")
	if begin := strings.LastIndex(thoughts, "<think>"); begin >= 0 {
		thoughts = thoughts[begin+len("<think>"):]
	}
	return strings.TrimLeft(thoughts, "\n"), strings.TrimLeft(content[end+len(thinkEnd):], "\n")
}

// lastQuery returns the index of the last message of the user that isn't a tool's
// response; of the last message, if there is none.
func lastQuery(messages []Message) int {
	for i := len(messages) - 1; i >= 0; i-- {
		m := messages[i]
		if m.Role == "user" && (!strings.HasPrefix(m.Content, responseBegin) || !strings.HasSuffix(m.Content, responseEnd)) {
			return i
		}
	}
	return len(messages) - 1
}
