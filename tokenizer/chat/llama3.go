package chat

import "github.com/medner/medner/tokenizer/chat/internal/python"

const (
	startHeader = "<|start_header_id|>"
	endHeader   = "<|end_header_id|>\n\n"
	endOfTurn   = "<|eot_id|>"
)

// llama3Turn writes a message as all Llama-3 templates do. The role counts as the
// user's text too.
func llama3Turn(w *writer, m Message) {
	w.template(startHeader)
	w.user(m.Role)
	w.template(endHeader)
	w.user(python.Trim(m.Content))
	w.template(endOfTurn)
}

func llama3Prompt(w *writer) { w.template(startHeader, "assistant", endHeader) }

// llama3 returns the template of Llama-3. That of the base model always ends with
// a prompt for an answer.
func llama3(alwaysPrompt bool) renderer {
	return func(w *writer, messages []Message, o Options) error {
		for i, m := range messages {
			if i == 0 {
				w.template(w.BOS)
			}
			llama3Turn(w, m)
		}
		if o.AddGenerationPrompt || alwaysPrompt {
			llama3Prompt(w)
		}
		return nil
	}
}

// llama31 writes a conversation as the templates of Llama-3.1, 3.2 and 3.3 do
// without tools: a system message comes first in any case, and begins with dates.
func llama31(w *writer, messages []Message, o Options) error {
	system, rest, err := splitSystem(messages)
	if err != nil {
		return err
	}
	w.template(w.BOS, startHeader, "system", endHeader, "Cutting Knowledge Date: December 2023\nToday Date: ")
	w.user(o.DateString)
	w.template("\n\n")
	if system != nil {
		w.user(python.Trim(*system))
	}
	w.template(endOfTurn)
	for _, m := range rest {
		if m.Role == "tool" || m.Role == "ipython" {
			w.template(startHeader, "ipython", endHeader)
			w.user(python.Quote(m.Content))
			w.template(endOfTurn)
			continue
		}
		llama3Turn(w, m)
	}
	if o.AddGenerationPrompt {
		llama3Prompt(w)
	}
	return nil
}
