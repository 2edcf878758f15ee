package server

import (
	"encoding/json"
	"net/http"

	"github.com/medner/medner/tokenizer"
)

// tokenizeRequest is the body of /tokenize: a text, or a conversation.
type tokenizeRequest struct {
	Model        string        `json:"model"`
	Prompt       *string       `json:"prompt"`
	Messages     []chatMessage `json:"messages"`
	AddSpecial   *bool         `json:"add_special_tokens"`
	ParseSpecial bool          `json:"parse_special"`
	Generate     *bool         `json:"add_generation_prompt"`
}

type tokenizeAnswer struct {
	Tokens  []int32  `json:"tokens"`
	Offsets [][2]int `json:"char_offsets,omitempty"` // of a text, in code points
	Count   int      `json:"count"`
	Context int      `json:"max_model_len"`
}

// tokenize returns the tokens that a text, or a conversation, is for the model.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) error {
	var body tokenizeRequest
	if err := s.readJSON(w, r, &body); err != nil {
		return err
	}
	if _, err := s.adapterOf(body.Model); err != nil {
		return err
	}
	if (body.Prompt == nil) == (body.Messages == nil) {
		return badField("prompt", "not one of prompt and messages", "either")
	}
	out := tokenizeAnswer{Context: s.model.Context()}
	if body.Prompt == nil {
		ids, err := s.renderChat(body.Messages, body.Generate == nil || *body.Generate)
		if err != nil {
			return err
		}
		out.Tokens = ids
	} else {
		add := body.AddSpecial == nil || *body.AddSpecial
		encoded := s.tokenizer.Encode(*body.Prompt, tokenizer.EncodeOptions{AddSpecial: add, ParseSpecial: body.ParseSpecial})
		if encoded.Err != nil {
			return encoded.Err
		}
		out.Tokens, out.Offsets = encoded.IDs, encoded.CharOffsets(*body.Prompt)
	}
	if out.Count = len(out.Tokens); out.Tokens == nil {
		out.Tokens = []int32{}
	}
	return writeJSON(w, http.StatusOK, out)
}

// detokenizeRequest is the body of /detokenize.
type detokenizeRequest struct {
	Model       string          `json:"model"`
	Tokens      json.RawMessage `json:"tokens"`
	SkipSpecial bool            `json:"skip_special_tokens"`
}

// detokenize returns the text of tokens.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) error {
	var body detokenizeRequest
	if err := s.readJSON(w, r, &body); err != nil {
		return err
	}
	if _, err := s.adapterOf(body.Model); err != nil {
		return err
	}
	ids, err := s.readIDs("tokens", body.Tokens)
	if err != nil {
		return err
	}
	if ids == nil {
		return badField("tokens", "nothing", "a list of token ids")
	}
	return writeJSON(w, http.StatusOK, map[string]any{"prompt": s.tokenizer.Decode(ids, body.SkipSpecial)})
}
