package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
)

// A request that names each default of /v1/ner/options is answered as one that names none,
// on a document that is longer than one question.
func TestDefaultsAreThoseThatOptionsTell(t *testing.T) {
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s := serve(t, m)
	asked := object{"text": strings.Repeat("Lithium caused tremor in two patients. ", 100), "max_new_tokens": 4, "grounded": false}
	plain := s.post(200, "/v1/ner", asked)
	defaults, ok := s.get(200, "/v1/ner/options")["defaults"].(object)
	require.True(t, ok)
	require.Contains(t, defaults, "chunk_tokens")
	for name, value := range defaults {
		switch name {
		case "prompts":
			asked["ensemble"] = value
		case "max_new_tokens", "grounded": // are shorter in this test
		default:
			asked[name] = value
		}
	}
	require.Equal(t, plain, s.post(200, "/v1/ner", asked))
	asked["chunk_tokens"] = 64
	require.NotEqual(t, plain, s.post(200, "/v1/ner", asked), "the length of a question makes no difference here")
}

// An extractor that a program brings along annotates, with the options it was made with.
func TestWithExtractor(t *testing.T) {
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	var answers atomic.Int32
	e, err := ner.New(m, ner.WithAnswers(func(*model.Result) { answers.Add(1) }))
	require.NoError(t, err)
	serve(t, m, WithExtractor(e)).post(200, "/v1/ner", object{"text": "Lithium caused tremor.", "max_new_tokens": 2})
	require.Positive(t, answers.Load())
}

// Formats that have files for each document hold one: where a request has another number,
// none is lost, and the model isn't asked.
func TestFormatsOfOneDocumentRefuseSeveral(t *testing.T) {
	s := small(t)
	before := s.model.Stats().PromptTokens
	for _, path := range []string{"/v1/ner", "/v1/convert"} {
		for _, name := range []string{"brat", "xmi", "cas-json"} {
			for n, status := range []int{400, 200, 400} {
				if n == 1 && path == "/v1/ner" {
					continue // asks the model
				}
				body := `{"documents":[` + strings.TrimSuffix(strings.Repeat(`{"text":"Lithium."},`, n), ",") + `]}`
				w, _ := ask(s, "POST", path+"?format="+name, body, "Content-Type", "application/json")
				require.Equal(t, status, w.Code, "%s %s, %d documents: %s", path, name, n, w.Body)
				if status != http.StatusOK {
					require.Contains(t, w.Body.String(), fmt.Sprintf("format: found %s for %d documents", name, n))
				}
			}
		}
	}
	require.Equal(t, before, s.model.Stats().PromptTokens)
}

// What Accept excludes isn't answered, however wide the range beside it is.
func TestAcceptExcludes(t *testing.T) {
	for accept, media := range map[string]string{
		"*/*": envelope, "application/json;q=0, */*": ndjson, "*/*, application/json;q=0.0": ndjson, "application/*;q=0, */*;q=0.1": eventStream,
		"*/*;q=0, application/json": envelope, "text/*;q=0, text/html": "text/html", "application/json;q=0": "", "*/*;q=0": "",
		"application/json, application/json;q=0": envelope,
	} {
		r := httptest.NewRequest("POST", "/v1/ner", nil)
		r.Header.Set("Accept", accept)
		form, err := formOf(r, "")
		if media == "" {
			require.Error(t, err, accept)
			continue
		}
		require.NoError(t, err, accept)
		require.Equal(t, media, form.media, accept)
	}
}

// A query that can't be read is refused, and not taken for one without the part.
func TestMalformedQueries(t *testing.T) {
	s := small(t)
	for _, path := range []string{"/v1/ner", "/v1/convert"} {
		for _, query := range []string{"format=%zz", "format=jsonl;with_text=true", "%=1"} {
			w, code := ask(s, "POST", path+"?"+query, `{"text":"Lithium."}`, "Content-Type", "application/json")
			require.Equal(t, http.StatusBadRequest, w.Code, query)
			require.Equal(t, "invalid_value", code)
			require.Contains(t, w.Body.String(), "query: found")
		}
	}
}

// The empty name is no model.
func TestNoModelWithoutAName(t *testing.T) {
	w, code := ask(small(t), "GET", "/v1/models/", "")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, "not_found", code)
}

// Clients aren't told where the model lies.
func TestAnswersHoldNoPathOfTheServer(t *testing.T) {
	s := small(t)
	dir := golden.Path(t, "tiny-llama")
	w, _ := ask(s, "GET", "/v1/ner/options", "")
	require.Contains(t, w.Body.String(), "found no token classification head")
	require.NotContains(t, w.Body.String(), dir)
	w, _ = ask(s, "POST", "/v1/ner", `{"text":"Lithium.","method":"tag"}`, "Content-Type", "application/json")
	require.Contains(t, w.Body.String(), "method: found no token classification head")
	require.NotContains(t, w.Body.String(), dir)
}

// brokenWriter is the connection of a client that left.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// A client that leaves while its answer is written is no failure of the server's.
func TestClientsThatLeaveAreNoFailures(t *testing.T) {
	var logged safeBuffer
	s := small(t, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	for _, c := range [][2]string{
		{"/v1/completions", `{"prompt":"Lithium","max_tokens":1}`}, {"/v1/convert", `{"text":"Lithium."}`}, {"/v1/convert?format=tsv", `{"text":"Lithium."}`},
		{"/v1/convert?format=jsonl", `{"text":"Lithium."}`}, {"/v1/convert", `{"text":"Lithium.","stream":true}`}, {"/tokenize", `{"prompt":"Lithium"}`},
	} {
		r := httptest.NewRequest("POST", c[0], strings.NewReader(c[1]))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(brokenWriter{httptest.NewRecorder()}, r)
	}
	require.NotContains(t, logged.String(), "ERROR")
	w, _ := ask(s, "GET", "/metrics", "")
	require.NotContains(t, w.Body.String(), `reason="internal_error"`)
}
