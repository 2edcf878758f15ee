package server

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// Log-probabilities in the shape of chats: bytes always, an empty list where no
// others were asked for, and one entry for each token of the text.
func TestLogprobsInChatShape(t *testing.T) {
	s := serveTiny(t, model.Options{})
	ids, err := s.renderChat([]chatMessage{{Role: "user", Content: []byte(`"Which drugs?"`)}}, true)
	require.NoError(t, err)
	want, err := s.model.Generate(t.Context(), model.Request{Tokens: ids, Adapter: "plain", MaxNewTokens: 12, Top: 3, Stop: []int32{}})
	require.NoError(t, err)
	body := object{"model": "plain", "messages": user("Which drugs?"), "temperature": 0, "max_tokens": 12, "logprobs": true, "ignore_eos": true}
	for _, top := range []int{0, 3} {
		if top > 0 {
			body["top_logprobs"] = top
		}
		body["stream"] = false
		whole := at(t, s.post(200, "/v1/chat/completions", body), "choices", 0, "logprobs")
		require.Nil(t, at(t, whole, "refusal"))
		entries := at(t, whole, "content").([]any)
		require.Len(t, entries, 12)
		for i, entry := range entries {
			token := want.Tokens[i]
			check := func(entry any, id int32, logProb float32) {
				var raw []byte
				for _, b := range at(t, entry, "bytes").([]any) {
					raw = append(raw, byte(b.(float64)))
				}
				require.Equal(t, s.tokenBytes(id), raw)
				require.Equal(t, shown(raw, ""), at(t, entry, "token"))
				require.Equal(t, logProb, float32(at(t, entry, "logprob").(float64)))
			}
			check(entry, token.ID, token.LogProb)
			others := at(t, entry, "top_logprobs").([]any)
			require.Len(t, others, top)
			for j, other := range others {
				check(other, token.Top[j].ID, token.Top[j].LogProb)
			}
		}
		body["stream"] = true
		var streamed []any
		for _, one := range chunks(t, s.events("/v1/chat/completions", body)) {
			if logs := at(t, one, "choices", 0, "logprobs"); logs != nil {
				streamed = append(streamed, at(t, logs, "content").([]any)...)
			}
		}
		require.Equal(t, entries, streamed)
	}
}

// A token of half a character is shown by its bytes, and comes in the chunk that
// has the character.
func TestLogprobsOfHalfCharacters(t *testing.T) {
	s := serveTiny(t, model.Options{})
	s.scripted("a", "\xe2", "\x82", "\xac")
	body := object{"messages": user("x"), "logprobs": true, "stream": true, "prompt": "x"}
	all := chunks(t, s.events("/v1/chat/completions", body))
	require.Equal(t, "€", at(t, all[1], "choices", 0, "delta", "content"))
	entries := at(t, all[1], "choices", 0, "logprobs", "content").([]any)
	require.Len(t, entries, 3)
	require.Equal(t, `\xe2`, at(t, entries, 0, "token"))
	require.Equal(t, []any{226.0}, at(t, entries, 0, "bytes"))
	body["stream"], body["logprobs"] = false, 1
	logs := at(t, s.post(200, "/v1/completions", body), "choices", 0, "logprobs")
	require.Equal(t, []any{"a", `bytes:\xe2`, `bytes:\x82`, `bytes:\xac`}, at(t, logs, "tokens"))
	require.Equal(t, []any{0.0, 1.0, 1.0, 1.0}, at(t, logs, "text_offset"))
}

// Tokens behind a stop string aren't reported; those that begin before it are.
func TestLogprobsAtAStopString(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, c := range []struct {
		parts  []string
		stop   string
		tokens []any
	}{
		{[]string{"a", "b", "c"}, "bc", []any{"a"}},
		{[]string{"a", " the"}, "he", []any{"a", " the"}},
		{[]string{"a", "b"}, "a", []any{}},
		{[]string{"a", "\xc3", "\xa9"}, "é", []any{"a"}},
	} {
		s.scripted(c.parts...)
		logs := at(t, s.post(200, "/v1/completions", object{"prompt": "x", "stop": c.stop, "logprobs": 0}), "choices", 0, "logprobs")
		require.Equal(t, c.tokens, at(t, logs, "tokens"), "%q", c.stop)
	}
}

// Echo with logprobs gives the log-probabilities of the prompt too, as the model
// scores it: with max_tokens 0 nothing else.
func TestEchoWithLogprobs(t *testing.T) {
	s := serveTiny(t, model.Options{})
	const prompt = "Lithium → tremor, naïve"
	encoded := s.post(200, "/tokenize", object{"prompt": prompt})
	var ids []int32
	for _, id := range at(t, encoded, "tokens").([]any) {
		ids = append(ids, int32(id.(float64)))
	}
	for _, most := range []int{0, 5} {
		want, err := s.model.Generate(t.Context(), model.Request{Tokens: ids, MaxNewTokens: max(most, 1), Stop: []int32{}, Top: 2})
		require.NoError(t, err)
		written := want.IDs()[:most]
		scored, err := s.model.Score(t.Context(), append(ids[:len(ids):len(ids)], written...), 2, "")
		require.NoError(t, err)
		for _, form := range []any{prompt, ids} {
			body := object{"prompt": form, "echo": true, "logprobs": 2, "max_tokens": most, "temperature": 0, "ignore_eos": true, "n": 2}
			got := s.post(200, "/v1/completions", body)
			require.EqualValues(t, len(ids), at(t, got, "usage", "prompt_tokens"))
			require.EqualValues(t, 2*most, at(t, got, "usage", "completion_tokens"))
			choice := at(t, got, "choices", 1)
			require.Equal(t, prompt+s.tokenizer.Decode(written, true), at(t, choice, "text"))
			logs := at(t, choice, "logprobs")
			offset := 0
			for i, token := range scored {
				require.Equal(t, shown(s.tokenBytes(token.ID), "bytes:"), at(t, logs, "tokens", i))
				if form, isText := form.(string); isText && i < len(ids) {
					require.EqualValues(t, at(t, encoded, "char_offsets", i, 0), at(t, logs, "text_offset", i), form)
				}
				require.GreaterOrEqual(t, at(t, logs, "text_offset", i), float64(offset))
				offset = int(at(t, logs, "text_offset", i).(float64))
				if i == 0 {
					require.Nil(t, at(t, logs, "token_logprobs", 0))
					require.Nil(t, at(t, logs, "top_logprobs", 0))
					continue
				}
				require.Equal(t, token.LogProb, float32(at(t, logs, "token_logprobs", i).(float64)))
				top := at(t, logs, "top_logprobs", i).(object)
				require.InDelta(t, 2.5, float64(len(top)), 0.5)
				for _, r := range token.Top {
					require.Contains(t, top, shown(s.tokenBytes(r.ID), "bytes:"))
				}
			}
			require.Len(t, at(t, logs, "tokens"), len(scored))
			require.LessOrEqual(t, offset, utf8.RuneCountInString(at(t, choice, "text").(string)))

			body["stream"] = true
			var text string
			var tokens []any
			for _, one := range chunks(t, s.events("/v1/completions", body)) {
				if at(t, one, "choices", 0, "index") == 1.0 {
					text += at(t, one, "choices", 0, "text").(string)
					if logs := at(t, one, "choices", 0, "logprobs"); logs != nil {
						tokens = append(tokens, at(t, logs, "tokens").([]any)...)
					}
				}
			}
			require.Equal(t, at(t, choice, "text"), text)
			require.Equal(t, at(t, logs, "tokens"), tokens)
		}
	}
	without := s.post(200, "/v1/completions", object{"prompt": prompt, "echo": true, "max_tokens": 0})
	require.Equal(t, prompt, at(t, without, "choices", 0, "text"))
	require.Nil(t, at(t, without, "choices", 0, "logprobs"))
	require.Equal(t, "length", at(t, without, "choices", 0, "finish_reason"))
}

// Of two tokens that are shown alike the likelier is reported.
func TestTopLogprobsOfTokensShownAlike(t *testing.T) {
	s := serveTiny(t, model.Options{})
	id := s.scriptIDs("a")[0]
	logs := s.textLogprobs([]logged{{Token: model.Token{ID: id, LogProb: -2, Top: []model.Ranked{{ID: 5, LogProb: -0.5}, {ID: 5, LogProb: -1}, {ID: id, LogProb: -2}}}}})
	require.Equal(t, []map[string]float32{{"a": -2, string(s.tokenBytes(5)): -0.5}}, logs.Top)
	require.Equal(t, "[a]", fmt.Sprint(logs.Tokens))
}

// A special token that ends no answer has no text, but its log-probability.
func TestLogprobsOfTokensWithoutText(t *testing.T) {
	s := serveTiny(t, model.Options{})
	e := s.scripted("a")
	id, found := s.tokenizer.ID("<|start_header_id|>")
	require.True(t, found)
	e.ids = append(e.ids, id)
	got := s.post(200, "/v1/completions", object{"prompt": "x", "logprobs": 0})
	require.Equal(t, "a", at(t, got, "choices", 0, "text"))
	require.Equal(t, []any{"a", "<|start_header_id|>"}, at(t, got, "choices", 0, "logprobs", "tokens"))
	require.Equal(t, []any{0.0, 1.0}, at(t, got, "choices", 0, "logprobs", "text_offset"))
}
