package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// mostTop is how many of the likeliest tokens a request may ask for.
const mostTop = 20

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	params
	Messages            []chatMessage `json:"messages"`
	MaxCompletionTokens *int          `json:"max_completion_tokens"`
	LogProbs            bool          `json:"logprobs"`
	TopLogProbs         *int          `json:"top_logprobs"`
}

// chatMessage is a turn of a conversation. Its content is a string, or a list of
// parts.
type chatMessage struct {
	Role         string          `json:"role"`
	Content      json.RawMessage `json:"content"`
	ToolCalls    json.RawMessage `json:"tool_calls"`
	FunctionCall json.RawMessage `json:"function_call"`
}

type chatPart struct {
	Type string  `json:"type"`
	Text *string `json:"text"`
}

// chatRoles maps the roles of a request to those of chat templates.
var chatRoles = map[string]string{"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readChat(w, r)
	if err != nil {
		return err
	}
	return s.complete(w, r, p, shape{
		idPrefix: "chatcmpl-", object: "chat.completion", chunk: "chat.completion.chunk",
		choice: s.chatChoice, part: s.chatPart,
	})
}

// readChat reads what a request for a chat asks for.
func (s *Server) readChat(w http.ResponseWriter, r *http.Request) (*plan, error) {
	var body chatRequest
	if err := s.readAsked(w, r, &body); err != nil {
		return nil, err
	}
	p, err := body.plan(s)
	if err != nil {
		return nil, err
	}
	p.logs = body.LogProbs
	if body.TopLogProbs != nil {
		if err := within("top_logprobs", *body.TopLogProbs, 0, mostTop); err != nil {
			return nil, err
		}
		if !body.LogProbs && *body.TopLogProbs > 0 {
			return nil, badField("top_logprobs", fmt.Sprintf("%d without logprobs", *body.TopLogProbs), `"logprobs": true beside it`)
		}
		p.request.Top = *body.TopLogProbs
	}
	field, most := "max_completion_tokens", body.MaxCompletionTokens
	if most == nil {
		field, most = "max_tokens", body.MaxTokens
	}
	otherwise := -1
	if n := s.generation.MaxNewTokens; n > 0 {
		otherwise = n
	}
	if err := p.limitTokens(field, most, 1, otherwise); err != nil {
		return nil, err
	}
	ids, err := s.renderChat(body.Messages, true)
	if err != nil {
		return nil, err
	}
	p.prompts = []promptText{{tokens: ids}}
	return p, s.checkRoom(p, "messages", most != nil)
}

// renderChat returns the tokens of a conversation, which end where the assistant's
// answer begins if generate is set.
func (s *Server) renderChat(messages []chatMessage, generate bool) ([]int32, error) {
	turns, err := readMessages(messages)
	if err != nil {
		return nil, err
	}
	template, err := s.model.Text().Template()
	if err != nil {
		return nil, &apiError{
			status: http.StatusBadRequest, Kind: kindRequest, Code: "no_chat_template",
			Message: fmt.Sprintf("the model can't chat: %v; /v1/completions needs no chat template", ofModel(err)),
		}
	}
	rendered, err := template.Render(turns, chat.Options{AddGenerationPrompt: generate})
	if err != nil {
		var bad *badinput.Error
		if errors.As(err, &bad) {
			told := *bad
			told.File = ""
			err = &told
		}
		e := *asAPIError(err)
		field := "messages"
		e.Param = &field
		return nil, &e
	}
	encoded := s.tokenizer.Encode(rendered.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: rendered.Literal})
	return encoded.IDs, encoded.Err
}

// readMessages returns the messages of a request as templates take them.
func readMessages(messages []chatMessage) ([]chat.Message, error) {
	if len(messages) == 0 {
		return nil, badField("messages", "no messages", "at least one")
	}
	turns := make([]chat.Message, len(messages))
	for i, m := range messages {
		field := fmt.Sprintf("messages[%d]", i)
		role, found := chatRoles[m.Role]
		switch {
		case m.Role == "tool", m.Role == "function":
			return nil, unsupported(field+".role", fmt.Sprintf("found %q, expected system, developer, user or assistant: this server calls no tools", m.Role))
		case !found:
			return nil, badField(field+".role", fmt.Sprintf("%q", clip.Text(m.Role)), "system, developer, user or assistant")
		case given(m.ToolCalls) && !empty(m.ToolCalls):
			return nil, unsupported(field+".tool_calls", "this server calls no tools")
		case given(m.FunctionCall):
			return nil, unsupported(field+".function_call", "this server calls no functions")
		}
		content, err := readContent(field+".content", m.Content)
		if err != nil {
			return nil, err
		}
		turns[i] = chat.Message{Role: role, Content: content}
	}
	return turns, nil
}

// given reports whether a field is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// readContent returns the text of a message: a string, or the text parts of a list
// one after the other.
func readContent(field string, raw json.RawMessage) (string, error) {
	if !given(raw) {
		return "", badField(field, "nothing", "a string, or a list of parts of type text")
	}
	if raw[0] != '[' {
		var text string
		err := parseField(field, raw, &text)
		return text, err
	}
	var parts []chatPart
	if err := parseField(field, raw, &parts); err != nil {
		return "", err
	}
	var text strings.Builder
	for i, part := range parts {
		at := fmt.Sprintf("%s[%d]", field, i)
		if part.Type != "text" {
			return "", unsupported(at+".type", fmt.Sprintf("found %q, expected text: this server reads nothing else", clip.Text(part.Type)))
		}
		if part.Text == nil {
			return "", badField(at+".text", "nothing", "a string")
		}
		text.WriteString(*part.Text)
	}
	return text.String(), nil
}

// chatChoice describes an answer.
func (s *Server) chatChoice(c choice) any {
	return map[string]any{
		"index": c.index, "finish_reason": c.reason(), "logprobs": s.chatLogs(c),
		"message": map[string]any{"role": "assistant", "content": c.piece.text, "refusal": nil},
	}
}

// chatPart describes a part of a streamed answer.
func (s *Server) chatPart(c choice, first bool) any {
	delta := map[string]any{}
	if first {
		delta["role"] = "assistant"
	}
	if first || c.piece.text != "" {
		delta["content"] = c.piece.text
	}
	return map[string]any{"index": c.index, "finish_reason": c.reason(), "logprobs": s.chatLogs(c), "delta": delta}
}

// chatLogs returns the log-probabilities, nil where none were asked for.
func (s *Server) chatLogs(c choice) *chatLogprobs {
	if !c.logs {
		return nil
	}
	return s.chatLogprobs(c.piece.logs)
}
