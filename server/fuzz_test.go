package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// seedBodies are bodies from which fuzzing begins.
var seedBodies = []string{
	`{"prompt":"a","max_tokens":2,"logprobs":2,"echo":true,"stop":["b"],"n":2,"seed":1,"temperature":0.5}`,
	`{"prompt":[[1,2],[3]],"max_tokens":1,"stream":true,"stream_options":{"include_usage":true}}`,
	`{"messages":[{"role":"developer","content":[{"type":"text","text":"a"}]},{"role":"user","content":"b"}],"max_completion_tokens":2,"logprobs":true,"top_logprobs":3}`,
	`{"documents":[{"id":"1","text":"Lithium caused tremor."}],"tasks":["chemicals"],"min_confidence":0.5}`,
	`{"tokens":[1,2,3]}`, `{"prompt":"a","add_special_tokens":false}`, `null`, `[`, `{"a":{"b":[1,{"c":null}]}}`, "\xff", "",
}

// Reading a body never panics, takes nothing that isn't JSON, and says where it is wrong.
func FuzzBody(f *testing.F) {
	for _, body := range seedBodies {
		f.Add([]byte(body))
	}
	s := Prepare(WithLimits(Limits{Body: 1 << 16}))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		var v chatRequest
		err := s.readJSON(httptest.NewRecorder(), r, &v)
		if err == nil {
			require.True(t, json.Valid(body), "%q", body)
			return
		}
		var refused *apiError
		require.True(t, errors.As(err, &refused), "%q: %v", body, err)
		require.GreaterOrEqual(t, refused.status, 400)
		require.Less(t, refused.status, 500)
		require.NotEmpty(t, refused.Message)
	})
}

// No JSON that is posted to any endpoint makes the server fail.
func FuzzEndpoints(f *testing.F) {
	paths := posts()
	for i := range paths {
		for _, body := range seedBodies {
			f.Add(uint8(i), body)
		}
	}
	path := golden.Path(f, "tiny-llama")
	open := sync.OnceValues(func() (*Server, error) { // not in processes that only hand out inputs
		m, err := model.Open(context.Background(), path, model.Options{Context: 48, Queue: 64})
		if err != nil {
			return nil, err
		}
		return New(m, WithLimits(Limits{Body: 1 << 12, Choices: 4}))
	})
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		s, err := open()
		require.NoError(t, err)
		path := paths[int(which)%len(paths)]
		w, _ := ask(s, http.MethodPost, path, body, "Content-Type", "application/json")
		require.NotZero(t, w.Code)
		require.Less(t, w.Code, 500, "%s %q: %s", path, body, w.Body)
	})
}
