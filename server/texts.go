package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/tokenizer"
)

// textLength is how many tokens /v1/completions writes at most where the request
// doesn't say, as OpenAI's does.
const textLength = 16

// textRequest is the body of /v1/completions.
type textRequest struct {
	params
	Prompt       json.RawMessage `json:"prompt"` // a string or strings, token ids or lists of token ids
	Echo         bool            `json:"echo"`
	BestOf       *int            `json:"best_of"`
	LogProbs     *int            `json:"logprobs"`
	AddSpecial   *bool           `json:"add_special_tokens"`
	ParseSpecial bool            `json:"parse_special"`
}

// texts answers requests to continue texts.
func (s *Server) texts(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readTexts(w, r)
	if err != nil {
		return err
	}
	return s.complete(w, r, p, shape{
		idPrefix: "cmpl-", object: "text_completion", chunk: "text_completion",
		choice: s.textChoice, part: func(c choice, _ bool) any { return s.textChoice(c) },
	})
}

// readTexts reads what a request for texts asks for.
func (s *Server) readTexts(w http.ResponseWriter, r *http.Request) (*plan, error) {
	var body textRequest
	if err := s.readAsked(w, r, &body); err != nil {
		return nil, err
	}
	p, err := body.plan(s)
	if err != nil {
		return nil, err
	}
	p.echo, p.continues = body.Echo, true
	if body.BestOf != nil {
		p.best = *body.BestOf
		if err := within("best_of", p.best, p.n, s.limits.Choices); err != nil {
			return nil, err
		}
		if p.stream && p.best > p.n {
			return nil, badField("best_of", fmt.Sprintf("%d for a stream", p.best), "n, as the likeliest answers are known at the end only")
		}
	}
	if body.LogProbs != nil {
		if err := within("logprobs", *body.LogProbs, 0, mostTop); err != nil {
			return nil, err
		}
		p.logs, p.request.Top = true, *body.LogProbs
	}
	otherwise := textLength
	if n := s.generation.MaxNewTokens; n > 0 {
		otherwise = n
	}
	if err := p.limitTokens("max_tokens", body.MaxTokens, 0, otherwise); err != nil {
		return nil, err
	}
	add := body.AddSpecial == nil || *body.AddSpecial
	if p.prompts, err = s.readPrompts(body.Prompt, tokenizer.EncodeOptions{AddSpecial: add, ParseSpecial: body.ParseSpecial}); err != nil {
		return nil, err
	}
	return p, s.checkRoom(p, "prompt", body.MaxTokens != nil)
}

// readPrompts reads one prompt or a list of them, each a string or token ids.
func (s *Server) readPrompts(raw json.RawMessage, o tokenizer.EncodeOptions) ([]promptText, error) {
	const want = "a string, token ids, or a list of either"
	if !given(raw) {
		return nil, badField("prompt", "nothing", want)
	}
	if raw[0] != '[' {
		one, err := s.readPrompt("prompt", raw, o)
		return []promptText{one}, err
	}
	var items []json.RawMessage
	if err := parseField("prompt", raw, &items); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, badField("prompt", "an empty list", want)
	}
	if first := items[0][0]; first != '"' && first != '[' {
		one, err := s.readPrompt("prompt", raw, o)
		return []promptText{one}, err
	}
	if err := within("prompt", len(items), 1, s.limits.Choices); err != nil {
		return nil, badField("prompt", fmt.Sprintf("%d prompts", len(items)), fmt.Sprintf("at most %d", s.limits.Choices))
	}
	prompts := make([]promptText, len(items))
	for i, item := range items {
		var err error
		if prompts[i], err = s.readPrompt(fmt.Sprintf("prompt[%d]", i), item, o); err != nil {
			return nil, err
		}
	}
	return prompts, nil
}

// readPrompt reads a string or token ids.
func (s *Server) readPrompt(field string, raw json.RawMessage, o tokenizer.EncodeOptions) (promptText, error) {
	var out promptText
	if !given(raw) {
		return out, badField(field, "null", "a string or token ids")
	}
	if raw[0] == '[' {
		var err error
		if out.tokens, err = s.readIDs(field, raw); err != nil {
			return out, err
		}
		out.text, out.starts = s.decode(out.tokens)
	} else {
		if err := parseField(field, raw, &out.text); err != nil {
			return out, err
		}
		encoded := s.tokenizer.Encode(out.text, o)
		if encoded.Err != nil {
			return out, encoded.Err
		}
		out.tokens = encoded.IDs
		for _, span := range encoded.CharOffsets(out.text) {
			out.starts = append(out.starts, span[0])
		}
	}
	if len(out.tokens) == 0 {
		return out, badField(field, "no tokens", "at least one")
	}
	return out, nil
}

// decode returns the text of tokens, and where in it each begins, in code points. A
// part of a character at its end is left out: what continues the text begins with
// it.
func (s *Server) decode(ids []int32) (text string, starts []int) {
	var all strings.Builder
	stream, length := s.tokenizer.NewStream(true), 0
	for _, id := range ids {
		part, start := decodeNext(s.tokenizer, stream, id, length)
		starts = append(starts, start)
		length += utf8.RuneCountInString(part)
		all.WriteString(part)
	}
	return all.String(), starts
}

// textChoice describes an answer, or a part of a streamed one.
func (s *Server) textChoice(c choice) any {
	var logs *textLogprobs
	if c.logs {
		logs = s.textLogprobs(c.piece.logs)
	}
	return map[string]any{"index": c.index, "finish_reason": c.reason(), "logprobs": logs, "text": c.piece.text}
}
