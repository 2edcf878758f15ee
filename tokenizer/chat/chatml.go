package chat

const (
	imStart = "<|im_start|>"
	imEnd   = "<|im_end|>\n"
)

// chatML is the template of ChatML; if system isn't empty, a conversation that
// begins otherwise gets that system message.
func chatML(system string) renderer {
	return func(w *writer, messages []Message, o Options) error {
		if system != "" && len(messages) > 0 && messages[0].Role != "system" {
			w.template(imStart, "system\n", system, imEnd)
		}
		for _, m := range messages {
			chatMLTurn(w, m)
		}
		if o.AddGenerationPrompt {
			w.template(imStart, "assistant\n")
		}
		return nil
	}
}

// chatMLTurn writes a message as ChatML does. The role is the user's text as
// well.
func chatMLTurn(w *writer, m Message) {
	w.template(imStart)
	w.user(m.Role)
	w.template("\n")
	w.user(m.Content)
	w.template(imEnd)
}

// smolLMSystem is SmolLM2's own system message.
const smolLMSystem = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
