package chat

const (
	imStart = "<|im_start|>"
	imEnd   = "<|im_end|>\n"
)

// chatML returns the template of ChatML. If system isn't empty, it is the system
// message of conversations that don't begin with one.
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

// chatMLTurn writes a message as ChatML does. The role counts as the user's text
// too.
func chatMLTurn(w *writer, m Message) {
	w.template(imStart)
	w.user(m.Role)
	w.template("\n")
	w.user(m.Content)
	w.template(imEnd)
}

// smolLMSystem is SmolLM2's own system message.
const smolLMSystem = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
