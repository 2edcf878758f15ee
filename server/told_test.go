package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// The error of a document names the document and its field.
func TestErrorsOfDocumentsNameTheirFields(t *testing.T) {
	s := small(t)
	for body, param := range map[string]string{
		`{"documents": [{"id": "a", "text": "x"}, {"id": "b"}]}`: "documents[1]",
		`{"documents": [5]}`:                                                                         "documents[0]",
		`{"documents": [{"id": "a: (x)", "text": 5}]}`:                                               "documents[0].text",
		"{\"documents\": [{\"id\": \"a\",\n\n \"text\": \n 5}]}":                                     "documents[0].text",
		`{"documents": [{"text": "x"}, {"text": 5}, {"text": "y"}]}`:                                 "documents[1].text",
		`{"documents": [{"documents": [{"id": "q", "passages": 3}]}]}`:                               "documents[0].passages",
		`{"documents": [{"schema": "medner/1", "id": "a", "text": "x", "entities": [{"text": 5}]}]}`: "documents[0].entities.text",
		`{"documents": [{"schema": "medner/2", "id": "a", "text": "x"}]}`:                            "documents[0].schema",
	} {
		w, _ := ask(s, "POST", "/v1/convert", body, "Content-Type", "application/json")
		require.Equal(t, http.StatusOK, w.Code, body)
		var answer struct {
			Documents []struct{ Error *apiError }
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		var params []string
		for _, d := range answer.Documents {
			if d.Error != nil {
				params = append(params, *d.Error.Param)
				require.True(t, strings.HasPrefix(d.Error.Message, param), d.Error.Message)
				require.NotContains(t, d.Error.Message, "line ")
				require.NotContains(t, d.Error.Message, "Go value")
			}
		}
		require.Equal(t, []string{param}, params, body)
	}
}

// Half of a surrogate pair is no character: offsets would be those of another text.
func TestLoneSurrogatesAreRefused(t *testing.T) {
	s := small(t)
	for _, c := range []struct{ path, body, param string }{
		{"/v1/completions", `{"prompt": "a\ud800b", "max_tokens": 1}`, "prompt"},
		{"/v1/completions", `{"prompt": ["a", "\udc00\ud800"], "max_tokens": 1}`, "prompt[1]"},
		{"/v1/completions", `{"prompt": "a", "stop": ["\ud83d"], "max_tokens": 1}`, "stop[0]"},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": "\ud83dx"}], "max_tokens": 1}`, "messages[0].content"},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": [{"type": "text", "text": "\ud83d"}]}], "max_tokens": 1}`, "messages[0].content[0].text"},
		{"/tokenize", `{"prompt": "\ud83d"}`, "prompt"},
		{"/detokenize", `{"tokens": [1], "more": "\ud83d"}`, "more"},
		{"/v1/ner", `{"documents": [{"id": "a", "text": "x"}, {"id": "b", "text": "x \ud800 y"}]}`, "documents[1].text"},
		{"/v1/ner", `{"text": "\udead"}`, "text"},
		{"/v1/convert", `{"documents": [{"id": "\ud800", "text": "x"}]}`, "documents[0].id"},
	} {
		w, code := ask(s, "POST", c.path, c.body, "Content-Type", "application/json")
		require.Equal(t, http.StatusBadRequest, w.Code, c.body)
		require.Equal(t, "invalid_value", code)
		var e struct{ Error apiError }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
		require.Equal(t, c.param, *e.Error.Param)
		require.Contains(t, e.Error.Message, "half of a surrogate pair, expected whole characters")
	}
	// A pair is a character, and a backslash before it is none.
	for _, text := range []string{`\ud83d\ude00`, `\\ud800`} {
		w, _ := ask(s, "POST", "/tokenize", `{"prompt": "`+text+`"}`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
	}
	// In files of lines the others are read.
	w, _ := ask(s, "POST", "/v1/convert", `{"id": "1", "text": "x"}`+"\n"+`{"id": "2", "text": "\ud800"}`+"\n", "Content-Type", "application/x-ndjson")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"text":"x"`)
	require.Contains(t, w.Body.String(), `line 2: found \\ud800, half of a surrogate pair`)
	for _, media := range []string{"application/vnd.medner.bioc-json", "application/vnd.medner.cas-json", "application/vnd.medner.displacy"} {
		w, code := ask(s, "POST", "/v1/convert?format=jsonl", `{"source": "\ud800", "text": "a", "documents": []}`, "Content-Type", media)
		require.Contains(t, w.Body.String(), "half of a surrogate pair", media+code)
	}
}

// A model without a tokenizer's template, or that can't annotate, is a client's matter;
// where its files lie is not.
func TestErrorsOfTheModelNameNoPath(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "srv-secret-path", "bare")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	from := golden.Path(t, "tiny-llama")
	files, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(from, f.Name()))
		require.NoError(t, err)
		if f.Name() == "tokenizer_config.json" {
			var config map[string]any
			require.NoError(t, json.Unmarshal(data, &config))
			delete(config, "chat_template")
			data, err = json.Marshal(config)
			require.NoError(t, err)
		}
		if f.Name() != "chat_template.jinja" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, f.Name()), data, 0o644))
		}
	}
	m, err := model.Open(t.Context(), folder, model.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s, err := New(m)
	require.NoError(t, err)
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}]}`},
		{"POST", "/tokenize", `{"messages": [{"role": "user", "content": "x"}]}`},
		{"POST", "/v1/ner", `{"text": "x"}`},
		{"POST", "/v1/ner", `{"text": "x", "method": "tag"}`},
		{"POST", "/v1/ner", `{"text": "x", "method": "both"}`},
		{"POST", "/v1/ner", `{"text": "x", "target_precision": 0.9}`},
		{"POST", "/v1/ner", `{"text": "x", "prompt": "none"}`},
		{"POST", "/v1/ner", `{"text": "x", "model": "none"}`},
		{"GET", "/v1/ner/options", ""},
		{"GET", "/v1/models", ""},
		{"GET", "/readyz", ""},
	} {
		w, _ := ask(s, c.method, c.path, c.body)
		require.NotContains(t, w.Body.String(), "secret-path", c.path+c.body)
		require.NotContains(t, w.Body.String(), t.TempDir(), c.path+c.body)
		if c.path == "/v1/chat/completions" {
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Contains(t, w.Body.String(), "no_chat_template")
		}
	}
	require.NotContains(t, ofModel(&os.PathError{Op: "open", Path: "/srv/x", Err: os.ErrNotExist}).Error(), "/srv")
}
