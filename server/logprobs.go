package server

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/model"
)

// chatLogprobs are the log-probabilities of an answer to a chat.
type chatLogprobs struct {
	Content []chatLogprob `json:"content"`
	Refusal any           `json:"refusal"` // always null
}

type chatLogprob struct {
	chatRanked
	Top []chatRanked `json:"top_logprobs"`
}

type chatRanked struct {
	Token   string  `json:"token"`
	LogProb float32 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// chatLogprobs returns the log-probabilities of some tokens of an answer.
func (s *Server) chatLogprobs(logs []logged) *chatLogprobs {
	out := &chatLogprobs{Content: []chatLogprob{}}
	for _, entry := range logs {
		one := chatLogprob{chatRanked: s.chatRanked(entry.ID, entry.LogProb), Top: []chatRanked{}}
		for _, r := range entry.Top {
			one.Top = append(one.Top, s.chatRanked(r.ID, r.LogProb))
		}
		out.Content = append(out.Content, one)
	}
	return out
}

func (s *Server) chatRanked(id int32, logProb float32) chatRanked {
	raw := s.tokenBytes(id)
	out := chatRanked{Token: shown(raw, ""), LogProb: logProb, Bytes: make([]int, len(raw))}
	for i, b := range raw {
		out.Bytes[i] = int(b)
	}
	return out
}

// textLogprobs are the log-probabilities of a continued text. The lists have an
// item for each token.
type textLogprobs struct {
	Tokens     []string             `json:"tokens"`
	LogProbs   []*float32           `json:"token_logprobs"` // null: a prompt's first token
	Top        []map[string]float32 `json:"top_logprobs"`   // the token itself is always among them
	TextOffset []int                `json:"text_offset"`    // in code points
}

// textLogprobs returns the log-probabilities of some tokens of an answer.
func (s *Server) textLogprobs(logs []logged) *textLogprobs {
	out := &textLogprobs{Tokens: []string{}, LogProbs: []*float32{}, Top: []map[string]float32{}, TextOffset: []int{}}
	for _, entry := range logs {
		name := shown(s.tokenBytes(entry.ID), "bytes:")
		out.Tokens = append(out.Tokens, name)
		out.TextOffset = append(out.TextOffset, entry.start)
		if entry.unknown {
			out.LogProbs, out.Top = append(out.LogProbs, nil), append(out.Top, nil)
			continue
		}
		top := map[string]float32{name: entry.LogProb}
		for _, r := range entry.Top {
			// Of two tokens of one text the likelier counts.
			if other := shown(s.tokenBytes(r.ID), "bytes:"); other != name {
				if _, found := top[other]; !found {
					top[other] = r.LogProb
				}
			}
		}
		out.LogProbs, out.Top = append(out.LogProbs, &entry.LogProb), append(out.Top, top)
	}
	return out
}

// tokenBytes returns the bytes that a token stands for; of a special token, its
// name.
func (s *Server) tokenBytes(id int32) []byte {
	if raw := s.tokenizer.TokenBytes(id); raw != nil {
		return raw
	}
	return []byte(s.tokenizer.Token(id))
}

// shown returns a token's text. Bytes that are no whole characters are written as
// \xe2\x80, behind a mark.
func shown(raw []byte, mark string) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	var out strings.Builder
	out.WriteString(mark)
	for _, b := range raw {
		fmt.Fprintf(&out, `\x%02x`, b)
	}
	return out.String()
}

// meanLogProb returns the log-probability a token.
func meanLogProb(tokens []model.Token) float64 {
	sum := 0.0
	for _, t := range tokens {
		sum += float64(t.LogProb)
	}
	return sum / float64(max(len(tokens), 1))
}
