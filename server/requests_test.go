package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
)

// Every shape of a request that OpenAI's clients send is read, and means the same.
func TestShapesOfClients(t *testing.T) {
	s := serveTiny(t, model.Options{})
	const head = `{"model": "plain", "temperature": 0, "max_tokens": 8, `
	want := at(t, s.post(200, "/v1/chat/completions", head+`"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs?"}]}`), "choices")
	for _, body := range []string{
		`"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Which drugs?"}]}`,
		`"messages": [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
			{"role": "user", "name": "Ann", "content": [{"type": "text", "text": "Which "}, {"type": "text", "text": "drugs?", "cache_control": null}]}]}`,
		`"max_completion_tokens": 8, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs?", "tool_calls": null}]}`,
		`"max_tokens": null, "max_completion_tokens": 8, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs?"}]}`,
		`"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs?"}],
			"n": null, "stop": null, "seed": null, "stream": null, "stream_options": null, "top_p": null, "logprobs": null, "top_logprobs": null,
			"logit_bias": null, "frequency_penalty": null, "presence_penalty": null, "tools": null, "tool_choice": null, "functions": null,
			"function_call": null, "response_format": null, "user": null, "max_completion_tokens": null, "metadata": null, "audio": null}`,
		`"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs?"}],
			"n": 1, "stop": [], "stream": false, "top_p": 1, "logprobs": false, "logit_bias": {}, "frequency_penalty": 0, "presence_penalty": 0.0,
			"tools": [], "tool_choice": "none", "parallel_tool_calls": false, "response_format": {"type": "text"}, "modalities": ["text"], "user": "x",
			"store": false, "metadata": {"a": "b"}, "service_tier": "auto", "reasoning_effort": "low", "unknown": [1, {"x": null}], "top_k": -1, "min_p": 0}`,
	} {
		got := s.post(200, "/v1/chat/completions", head+body)
		require.Equal(t, want, at(t, got, "choices"), body)
	}
	got := s.post(200, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "Which drugs?"}], "max_tokens": 1}`)
	require.Equal(t, "tiny-llama", got["model"])
}

// What the server can't do, or can't read, is refused, and the error names the
// field.
func TestBadRequestsNameTheField(t *testing.T) {
	s := serveTiny(t, model.Options{})
	const ask = `"messages": [{"role": "user", "content": "x"}], "prompt": "x"`
	for _, c := range []struct {
		param, body string
		status      int
		code        string
	}{
		{"temperature", `"temperature": "hot"`, 400, "invalid_value"},
		{"temperature", `"temperature": -1`, 400, "invalid_value"},
		{"temperature", `"temperature": 2.5`, 400, "invalid_value"},
		{"temperature", `"temperature": 1e999`, 400, "invalid_value"},
		{"top_p", `"top_p": 1.5`, 400, "invalid_value"},
		{"top_k", `"top_k": -2`, 400, "invalid_value"},
		{"top_k", `"top_k": 1.5`, 400, "invalid_value"},
		{"seed", `"seed": 1e30`, 400, "invalid_value"},
		{"n", `"n": 0`, 400, "invalid_value"},
		{"n", `"n": 1000000000`, 400, "invalid_value"},
		{"n", `"n": [1]`, 400, "invalid_value"},
		{"max_tokens", `"max_tokens": -1`, 400, "invalid_value"},
		{"max_tokens", `"max_tokens": true`, 400, "invalid_value"},
		{"stop", `"stop": 7`, 400, "invalid_value"},
		{"stop[1]", `"stop": ["a", 7]`, 400, "invalid_value"},
		{"stop[1]", `"stop": ["a", ""]`, 400, "invalid_value"},
		{"stop", `"stop": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"]`, 400, "invalid_value"},
		{"stop_token_ids[1]", `"stop_token_ids": [1, 99999]`, 400, "invalid_value"},
		{"stop_token_ids", `"stop_token_ids": [1, null]`, 400, "invalid_value"},
		{"stop[1]", `"stop": ["a", null]`, 400, "invalid_value"},
		{"stream", `"stream": "yes"`, 400, "invalid_value"},
		{"stream_options.include_usage", `"stream_options": {"include_usage": 1}`, 400, "invalid_value"},
		{"repetition_penalty", `"repetition_penalty": 0`, 400, "invalid_value"},
		{"model", `"model": "gpt-4"`, 404, "model_not_found"},
		{"model", `"model": "plain+base"`, 404, "model_not_found"},
		{"model", `"model": 4`, 400, "invalid_value"},
		{"tools", `"tools": [{"type": "function", "function": {"name": "f"}}]`, 400, "unsupported_parameter"},
		{"tool_choice", `"tool_choice": "required"`, 400, "unsupported_parameter"},
		{"functions", `"functions": [{"name": "f"}]`, 400, "unsupported_parameter"},
		{"function_call", `"function_call": {"name": "f"}`, 400, "unsupported_parameter"},
		{"logit_bias", `"logit_bias": {"50256": -100}`, 400, "unsupported_parameter"},
		{"frequency_penalty", `"frequency_penalty": 0.5`, 400, "unsupported_parameter"},
		{"presence_penalty", `"presence_penalty": -1`, 400, "unsupported_parameter"},
		{"min_p", `"min_p": 0.1`, 400, "unsupported_parameter"},
		{"audio", `"audio": {"voice": "a"}`, 400, "unsupported_parameter"},
		{"modalities", `"modalities": ["text", "audio"]`, 400, "unsupported_parameter"},
		{"suffix", `"suffix": "end"`, 400, "unsupported_parameter"},
		{"stop_token_ids", `"stop_token_ids": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]`, 400, "invalid_value"},
		{"chat_template", `"chat_template": "{{ x }}"`, 400, "unsupported_parameter"},
		{"continue_final_message", `"continue_final_message": true`, 400, "unsupported_parameter"},
		{"truncate_prompt_tokens", `"truncate_prompt_tokens": 5`, 400, "unsupported_parameter"},
	} {
		for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
			e := s.refused(c.status, path, "{"+ask+", "+c.body+"}")
			require.Equal(t, c.param, e["param"], "%s: %v", c.body, e)
			require.Equal(t, c.code, e["code"], c.body)
			require.Equal(t, "invalid_request_error", e["type"])
			require.Contains(t, e["message"], c.param)
		}
	}
	for param, body := range map[string]string{
		"messages":            `{}`,
		"messages[0].role":    `{"messages": [{"role": "critic", "content": "x"}]}`,
		"messages[0].content": `{"messages": [{"role": "user"}]}`,
		"messages[1].content": `{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": 5}]}`,
		"messages[0].content[1].type": `{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"},
			{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]}]}`,
		"messages[0].content[0].text": `{"messages": [{"role": "user", "content": [{"type": "text", "text": {}}]}]}`,
		"messages[0].content[0]":      `{"messages": [{"role": "user", "content": ["x"]}]}`,
		"messages[0].tool_calls":      `{"messages": [{"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]}]}`,
		"messages[1].role":            `{"messages": [{"role": "user", "content": "x"}, {"role": "tool", "content": "5", "tool_call_id": "1"}]}`,
		"top_logprobs":                `{"messages": [{"role": "user", "content": "x"}], "logprobs": true, "top_logprobs": 21}`,
		"logprobs":                    `{"messages": [{"role": "user", "content": "x"}], "logprobs": 3}`,
		"max_completion_tokens":       `{"messages": [{"role": "user", "content": "x"}], "max_completion_tokens": 0}`,
	} {
		require.Equal(t, param, s.refused(400, "/v1/chat/completions", body)["param"])
	}
	for param, body := range map[string]string{
		"prompt":       `{}`,
		"prompt[0]":    `{"prompt": [true]}`,
		"prompt[1]":    `{"prompt": ["x", 7]}`,
		"prompt[2]":    `{"prompt": [1, 2, 99999]}`,
		"prompt[3]":    `{"prompt": ["x", [1], "y", null]}`,
		"prompt[1][0]": `{"prompt": [[1], ["x"]]}`,
		"best_of":      `{"prompt": "x", "n": 3, "best_of": 2}`,
		"logprobs":     `{"prompt": "x", "logprobs": 21}`,
	} {
		require.Equal(t, param, s.refused(400, "/v1/completions", body)["param"], body)
	}
	require.Equal(t, "prompt", s.refused(400, "/v1/completions", `{"prompt": [1, null]}`)["param"])
	require.Equal(t, "tokens", s.refused(400, "/detokenize", `{"tokens": [1, null]}`)["param"])
	require.Equal(t, "tokens", s.refused(400, "/detokenize", `{"tokens": null}`)["param"])
}

// Structured output fails closed: what would not be followed is refused by name.
func TestStructuredOutputFailsClosed(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, field := range []string{
		`"response_format": {"type": "json_object"}`, `"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}`,
		`"response_format": "json"`, `"response_format": {}`, `"guided_json": {"type": "object"}`, `"guided_regex": "a+"`, `"guided_choice": ["a"]`,
		`"guided_grammar": "root ::= x"`, `"grammar": "root ::= x"`, `"structured_outputs": {"json": {}}`, `"json_schema": {}`,
	} {
		for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
			e := s.refused(400, path, `{"messages": [{"role": "user", "content": "x"}], "prompt": "x", `+field+`}`)
			require.Equal(t, strings.Split(field, `"`)[1], e["param"])
			require.Equal(t, "unsupported_parameter", e["code"])
		}
	}
}

// A prompt that is too long is refused with all three numbers, and never cut; one
// that fits exactly is answered.
func TestOverlongPromptIsRefused(t *testing.T) {
	s := serveTiny(t, model.Options{Context: 64})
	ids := make([]int32, 60)
	for i := range ids {
		ids[i] = 5
	}
	got := s.post(200, "/v1/completions", object{"prompt": ids, "max_tokens": 4, "ignore_eos": true})
	require.EqualValues(t, 4, at(t, got, "usage", "completion_tokens"))
	for _, stream := range []bool{false, true} {
		e := s.refused(400, "/v1/completions", object{"prompt": ids, "max_tokens": 5, "stream": stream})
		require.Equal(t, "context_length_exceeded", e["code"])
		require.Equal(t, "prompt", e["param"])
		for _, n := range []string{" 64 tokens", " 60 tokens", "max_tokens of 5"} {
			require.Contains(t, e["message"], n)
		}
		long := strings.Repeat("tremor ", 100)
		e = s.refused(400, "/v1/chat/completions", object{"messages": user(long), "stream": stream})
		require.Equal(t, "context_length_exceeded", e["code"])
		require.Equal(t, "messages", e["param"])
		count := at(t, s.post(200, "/tokenize", object{"messages": user(long)}), "count")
		require.Contains(t, e["message"], fmt.Sprintf("a prompt of %v tokens", count))
	}
	full := s.post(200, "/v1/completions", object{"prompt": ids, "max_tokens": nil, "ignore_eos": true})
	require.EqualValues(t, 4, at(t, full, "usage", "completion_tokens"))
	require.Equal(t, "length", at(t, full, "choices", 0, "finish_reason"))
}

// Unknown paths and methods, and endpoints that there are not, get errors in JSON.
func TestUnknownPathsAndMethods(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"POST", "/v1/nothing", 404, "not_found"}, {"GET", "/v1/../v1/models", 404, "not_found"}, {"GET", "//v1/models", 404, "not_found"},
		{"GET", "/v1/chat/completions", 405, "method_not_allowed"}, {"DELETE", "/v1/models", 405, "method_not_allowed"},
		{"GET", "/v1/models/gpt-4", 404, "model_not_found"},
		{"POST", "/v1/embeddings", 400, "unsupported_endpoint"}, {"POST", "/v1/responses", 400, "unsupported_endpoint"},
		{"POST", "/v1/audio/speech", 400, "unsupported_endpoint"}, {"POST", "/v1/images/generations", 400, "unsupported_endpoint"},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1"+c.path, strings.NewReader("{}"))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, "%s %s: %s", c.method, c.path, w.Body)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), fmt.Sprintf(`"code":%q`, c.code))
		require.Equal(t, c.status == 405, w.Header().Get("Allow") != "")
	}
}

// No body ends the server, and each that is no JSON object is refused.
func TestNoBodyEndsTheServer(t *testing.T) {
	s := serveTiny(t, model.Options{}, WithLimits(Limits{Body: 1 << 16}))
	for body, status := range map[string]int{
		"": 400, " ": 400, "null": 400, "[]": 400, "7": 400, `"x"`: 400, "{": 400, `{"messages"}`: 400, "{} {}": 400, `{"prompt": NaN}`: 400,
		`{"prompt": Infinity}`: 400, "\xff{}": 400, `{"prompt": "` + "\xc3" + `"}`: 400, strings.Repeat("[", 1000): 400,
		`{"a": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`: 400, `{"a": ` + strings.Repeat(`{"a": `, 5000): 400,
		`{"prompt": "` + strings.Repeat("x", 1<<16) + `"}`: 413,
	} {
		for _, path := range []string{"/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"} {
			e := s.refused(status, path, body)
			require.Equal(t, "invalid_request_error", e["type"], "%s %.40s", path, body)
		}
	}
	r := httptest.NewRequest("POST", "http://127.0.0.1/v1/completions", strings.NewReader("\x1f\x8b"))
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnsupportedMediaType, w.Code)
}

// panics is a generator with a fault in it.
type panics struct{ *script }

func (panics) Generate(_ context.Context, r model.Request) (*model.Result, error) {
	var none []int
	if r.OnQueued != nil {
		r.OnQueued()
	}
	return nil, fmt.Errorf("%d", none[len(r.Tokens)])
}

// A fault of the program keeps to the request that meets it, and no log has the
// text of a prompt or an answer.
func TestPanicKeepsToItsRequestAndNoTextIsLogged(t *testing.T) {
	var log bytes.Buffer
	s := serveTiny(t, model.Options{}, WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	working := s.generator
	const secret = "zebrafish"
	s.generator = panics{s.scripted("a")}
	body := object{"messages": user(secret), "prompt": secret, "stop": "xx" + secret}
	require.Equal(t, "internal_error", s.refused(500, "/v1/chat/completions", body)["code"])
	require.Contains(t, log.String(), "index out of range")
	body["stream"] = true
	events := s.events("/v1/completions", body)
	require.Contains(t, events[len(events)-1], "internal_error")
	s.generator = working
	body["stream"] = false
	s.post(200, "/v1/completions", body)
	for _, bad := range []string{`{"model": "%s"}`, `{"messages": [{"role": "%s"}]}`, `{"prompt": {"%s": 1}}`, `%s`} {
		s.send(t.Context(), "/v1/chat/completions", fmt.Sprintf(bad, secret)).Body.Close()
	}
	s.send(t.Context(), "/v1/"+secret, "{}").Body.Close()
	require.NotContains(t, log.String(), secret)
}

// No comment is written to the connection of a handler that panicked in a stream.
func TestPanicEndsTheStream(t *testing.T) {
	s := serveTiny(t, model.Options{})
	var stream *events
	handler := s.chain(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stream = s.startEvents(w)
		panic("a fault")
	}))
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://localhost/v1/models", nil))
	})
	require.True(t, stream.ended)
	stream.keepAlive() // nothing is written
	require.NoError(t, stream.failed)
}

// What the model says in an error of a document counts as that of a request does.
func TestFailuresOfDocumentsAreNoted(t *testing.T) {
	s := serveTiny(t, model.Options{})
	s.documentError(&ner.DocumentError{Err: &model.QueueFullError{Waiting: 5}})
	require.EqualValues(t, 5, s.queueBound.Load())
}

// An error quotes the beginning of what it found, between two characters.
func TestErrorsQuoteALittle(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, body := range []object{{"model": strings.Repeat("µ", 1<<20)}, {"prompt": "x", "tools": []string{"a" + strings.Repeat("µ", 1000)}}} {
		status := 400
		if body["model"] != nil {
			status = 404
		}
		body["prompt"] = "x"
		message := s.refused(status, "/v1/completions", body)["message"].(string)
		require.Less(t, len(message), 1000)
		require.NotContains(t, message, "\ufffd")
	}
}
