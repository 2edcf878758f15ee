package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// object is a JSON object.
type object = map[string]any

// openTiny opens a small model with two adapters, of which requests choose.
func openTiny(t *testing.T, o model.Options) *model.Model {
	t.Helper()
	o.Adapters = []string{golden.Path(t, "adapters/plain"), golden.Path(t, "adapters/rslora")}
	o.LoRA = model.Unmerged
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// site is a server that listens, on a model.
type site struct {
	*Server
	t   *testing.T
	url string
}

// serveTiny serves a small model.
func serveTiny(t *testing.T, o model.Options, options ...Option) *site {
	t.Helper()
	return serve(t, openTiny(t, o), options...)
}

// serve serves a model.
func serve(t *testing.T, m *model.Model, options ...Option) *site {
	t.Helper()
	s, err := New(m, options...)
	require.NoError(t, err)
	listening := httptest.NewServer(compared(s))
	t.Cleanup(listening.Close)
	return &site{Server: s, t: t, url: listening.URL}
}

// do sends a request with a body: a string as it is, else as JSON.
func (s *site) do(ctx context.Context, path string, body any) (*http.Response, error) {
	text, isText := body.(string)
	if !isText {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = string(data)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(r)
}

// send sends a request and returns the answer.
func (s *site) send(ctx context.Context, path string, body any) *http.Response {
	s.t.Helper()
	answer, err := s.do(ctx, path, body)
	require.NoError(s.t, err)
	return answer
}

// post returns the JSON of an answer of a status.
func (s *site) post(status int, path string, body any) object {
	s.t.Helper()
	answer := s.send(s.t.Context(), path, body)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, answer.StatusCode, "%s", data)
	require.Equal(s.t, "application/json", answer.Header.Get("Content-Type"))
	var out object
	require.NoError(s.t, json.Unmarshal(data, &out), "%s", data)
	return out
}

// refused returns the error of a request that has a status.
func (s *site) refused(status int, path string, body any) object {
	s.t.Helper()
	e, ok := s.post(status, path, body)["error"].(object)
	require.True(s.t, ok)
	for _, field := range []string{"message", "type", "param", "code"} {
		require.Contains(s.t, e, field)
	}
	return e
}

// events returns the events of a streamed answer: the values of "data: ".
func (s *site) events(path string, body any) []string {
	s.t.Helper()
	answer := s.send(s.t.Context(), path, body)
	defer answer.Body.Close()
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
	require.Equal(s.t, "text/event-stream", answer.Header.Get("Content-Type"))
	return readEvents(s.t, answer.Body)
}

// readEvents reads events to the end of a stream.
func readEvents(t *testing.T, body io.Reader) (events []string) {
	t.Helper()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			events = append(events, data)
		}
	}
	require.NoError(t, lines.Err())
	return events
}

// chunks parses the events of a complete stream.
func chunks(t *testing.T, events []string) (all []object) {
	t.Helper()
	require.NotEmpty(t, events)
	require.Equal(t, "[DONE]", events[len(events)-1])
	for _, e := range events[:len(events)-1] {
		var one object
		require.NoError(t, json.Unmarshal([]byte(e), &one), e)
		all = append(all, one)
	}
	return all
}

// at returns the value at a path of keys and indexes.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			require.Contains(t, value, step)
			value = value.(object)[step]
		case int:
			require.Greater(t, len(value.([]any)), step)
			value = value.([]any)[step]
		}
	}
	return value
}

// script is an engine that writes given ids, whatever it is asked, and then an end.
type script struct {
	ids    []int32
	finish string
	fail   error // after the ids, in place of the end
	// hold, if not nil, holds up the request at a token's place until something is
	// received from it or the request ends.
	hold   map[int]chan struct{}
	queued chan struct{} // unless nil, hears of each request that was let in
	ended  chan error    // unless nil, hears how each request ended
}

func (e *script) Generate(ctx context.Context, r model.Request) (result *model.Result, err error) {
	defer func() {
		if e.ended != nil {
			e.ended <- err
		}
	}()
	if r.OnQueued != nil {
		r.OnQueued()
	}
	if e.queued != nil {
		e.queued <- struct{}{}
	}
	result = &model.Result{PromptTokens: len(r.Tokens)}
	for i := 0; ; i++ {
		if e.hold[i] != nil {
			select {
			case <-e.hold[i]:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return result, ctx.Err()
		}
		if i == len(e.ids) {
			break
		}
		token := model.Token{ID: e.ids[i], LogProb: -float32(i+1) / 8}
		for j := range r.Top {
			token.Top = append(token.Top, model.Ranked{ID: e.ids[i] + int32(j), LogProb: -float32(i+1+j) / 8})
		}
		result.Tokens = append(result.Tokens, token)
		r.OnToken(token)
	}
	if e.fail != nil {
		return result, e.fail
	}
	result.FinishReason = e.finish
	return result, nil
}

func (e *script) Score(_ context.Context, tokens []int32, _ int, _ string) ([]model.Token, error) {
	out := make([]model.Token, len(tokens))
	for i, id := range tokens {
		out[i] = model.Token{ID: id, LogProb: -1}
	}
	return out, nil
}

func (e *script) EachLogits(_ context.Context, _ []int32, _ int, _ string, fn func([]float32) error) error {
	return fn([]float32{1})
}

// scripted returns an engine that writes a text, a token for each part. Parts may
// be bytes that are no whole characters.
func (s *site) scripted(parts ...string) *script {
	s.t.Helper()
	e := &script{finish: model.FinishLength}
	for _, part := range parts {
		found := int32(-1)
		for id := range int32(s.tokenizer.VocabSize()) {
			if string(s.tokenizer.TokenBytes(id)) == part {
				found = id
				break
			}
		}
		require.NotEqual(s.t, int32(-1), found, "no token is %q", part)
		e.ids = append(e.ids, found)
	}
	s.generator = e
	return e
}

// eventually waits for a condition. It fails only where the condition never holds.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, time.Millisecond)
}

func user(text string) []object { return []object{{"role": "user", "content": text}} }

// scriptIDs returns the tokens that scripted would write.
func (s *site) scriptIDs(parts ...string) []int32 {
	before := s.generator
	defer func() { s.generator = before }()
	return s.scripted(parts...).ids
}
