package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// A chat is answered by what the model writes behind the rendered conversation,
// under the adapter that the request names; streamed parts add up to the same.
func TestChatIsWhatTheModelWrites(t *testing.T) {
	s := serveTiny(t, model.Options{})
	answers := map[string]bool{}
	for _, name := range []string{"tiny-llama", "plain", "rslora", "plain+rslora", "base"} {
		adapter := name
		if name == "tiny-llama" {
			adapter = ""
		}
		ids, err := s.renderChat([]chatMessage{{Role: "user", Content: []byte(`"Which drugs?"`)}}, true)
		require.NoError(t, err)
		want, err := s.model.Generate(t.Context(), model.Request{Tokens: ids, Adapter: adapter, MaxNewTokens: 24})
		require.NoError(t, err)
		tokens := want.IDs()
		if want.FinishReason == model.FinishStop {
			tokens = tokens[:len(tokens)-1]
		}
		text := s.tokenizer.Decode(tokens, true)
		answers[text] = true
		body := object{"model": name, "messages": user("Which drugs?"), "temperature": 0, "max_tokens": 24, "n": 2}
		got := s.post(200, "/v1/chat/completions", body)
		require.Equal(t, "chat.completion", got["object"])
		require.Equal(t, name, got["model"])
		for i := range 2 {
			require.Equal(t, text, at(t, got, "choices", i, "message", "content"))
			require.Equal(t, "assistant", at(t, got, "choices", i, "message", "role"))
			require.EqualValues(t, i, at(t, got, "choices", i, "index"))
			require.Equal(t, want.FinishReason, at(t, got, "choices", i, "finish_reason"))
			require.Nil(t, at(t, got, "choices", i, "logprobs"))
		}
		require.EqualValues(t, len(ids), at(t, got, "usage", "prompt_tokens"))
		require.EqualValues(t, 2*len(want.Tokens), at(t, got, "usage", "completion_tokens"))
		require.EqualValues(t, len(ids)+2*len(want.Tokens), at(t, got, "usage", "total_tokens"))

		body["stream"] = true
		streamed := map[any]string{}
		for _, c := range chunks(t, s.events("/v1/chat/completions", body)) {
			choice := at(t, c, "choices", 0)
			part, _ := at(t, choice, "delta").(object)["content"].(string)
			streamed[at(t, choice, "index")] += part
			require.Equal(t, got["system_fingerprint"], c["system_fingerprint"])
		}
		require.Equal(t, map[any]string{0.0: text, 1.0: text}, streamed)
	}
	require.Len(t, answers, 4, "the adapters would not be told apart")
}
