package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// With a vocabulary whose tokens begin with their spaces, a continued text has the
// space that it goes on with, and an answer to a chat has none in front.
func TestTextsOfSentencePiece(t *testing.T) {
	mistral := map[string]string{}
	for _, file := range []string{"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} {
		data, err := os.ReadFile(golden.Path(t, "tiny-mistral", file))
		require.NoError(t, err)
		mistral[file] = string(data)
	}
	m, err := model.Open(t.Context(), copyTiny(t, mistral), model.Options{})
	require.NoError(t, err)
	defer m.Close()
	s := serve(t, m)
	const prompt = "Lithium caused"
	words := s.scriptIDs(" the", "a", " the")
	s.generator = &script{ids: words, finish: model.FinishLength}
	ids := at(t, s.post(200, "/tokenize", object{"prompt": prompt}), "tokens")
	for _, form := range []any{prompt, ids} {
		for _, echo := range []bool{false, true} {
			want := " thea the"
			if echo {
				want = prompt + want
			}
			body := object{"prompt": form, "echo": echo, "logprobs": 0}
			got := s.post(200, "/v1/completions", body)
			require.Equal(t, want, at(t, got, "choices", 0, "text"))
			logs := at(t, got, "choices", 0, "logprobs")
			tokens := at(t, logs, "tokens").([]any)
			require.Equal(t, []any{" the", "a", " the"}, tokens[len(tokens)-3:])
			offsets := at(t, logs, "text_offset").([]any)
			from := float64(len(want) - len(" thea the"))
			require.Equal(t, []any{from, from + 4, from + 5}, offsets[len(offsets)-3:])
			body["stream"] = true
			text := ""
			for _, one := range chunks(t, s.events("/v1/completions", body)) {
				text += at(t, one, "choices", 0, "text").(string)
			}
			require.Equal(t, want, text)
		}
	}
	got := s.post(200, "/v1/chat/completions", object{"messages": user("x")})
	require.Equal(t, "thea the", at(t, got, "choices", 0, "message", "content"))
}

// A prompt of token ids may end inside a character, which the answer completes.
func TestPromptThatEndsInACharacter(t *testing.T) {
	s := serveTiny(t, model.Options{})
	half := s.scriptIDs("a", "\xe2", "\x82")
	s.scripted("\xac", "b")
	require.Equal(t, "€b", at(t, s.post(200, "/v1/completions", object{"prompt": half}), "choices", 0, "text"))
	require.Equal(t, "a€b", at(t, s.post(200, "/v1/completions", object{"prompt": half, "echo": true}), "choices", 0, "text"))
	require.Equal(t, "a�", at(t, s.post(200, "/v1/completions", object{"prompt": half, "echo": true, "max_tokens": 0}), "choices", 0, "text"))
}

// copyTiny copies the small model to a folder of its own, with some files changed;
// "" leaves a file out.
func copyTiny(t *testing.T, changed map[string]string) string {
	t.Helper()
	from, to := golden.Path(t, "tiny-llama"), t.TempDir()
	files, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(from, file.Name()))
		require.NoError(t, err)
		if text, found := changed[file.Name()]; found {
			data = []byte(text)
		}
		if len(data) > 0 {
			require.NoError(t, os.WriteFile(filepath.Join(to, file.Name()), data, 0o600))
		}
	}
	return to
}

// A model without a chat template continues texts, and says so to who wants to
// chat; one without a tokenizer can't be served.
func TestModelsWithoutTemplateOrTokenizer(t *testing.T) {
	m, err := model.Open(t.Context(), copyTiny(t, map[string]string{"chat_template.jinja": ""}), model.Options{})
	require.NoError(t, err)
	defer m.Close()
	s := serve(t, m)
	e := s.refused(400, "/v1/chat/completions", object{"messages": user("x")})
	require.Equal(t, "no_chat_template", e["code"])
	require.True(t, strings.HasSuffix(e["message"].(string), "/v1/completions needs no chat template"), e["message"])
	s.post(200, "/v1/completions", object{"prompt": "x"})

	m, err = model.Open(t.Context(), copyTiny(t, map[string]string{"tokenizer.json": "", "generation_config.json": ""}), model.Options{})
	require.NoError(t, err)
	defer m.Close()
	_, err = New(m)
	require.ErrorContains(t, err, "tokenizer")
}
