package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// The headers of a stream come before its first token, and comments after them, so
// that no proxy takes the connection for dead.
func TestHeadersAtOnceAndKeepAlive(t *testing.T) {
	s := serveTiny(t, model.Options{}, WithKeepAlive(time.Millisecond))
	e := s.scripted("a", "b")
	e.hold = map[int]chan struct{}{0: make(chan struct{}), 1: make(chan struct{})}
	answer := s.send(t.Context(), "/v1/chat/completions", object{"messages": user("x"), "stream": true})
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode) // nothing is written yet
	lines := bufio.NewScanner(answer.Body)
	comments := func() {
		for n := 0; n < 3 && lines.Scan(); {
			if strings.HasPrefix(lines.Text(), ":") {
				n++
			} else {
				require.Empty(t, lines.Text())
			}
		}
	}
	comments()
	close(e.hold[0])
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		continue
	}
	require.Contains(t, lines.Text(), `"content":"a"`)
	comments()
	close(e.hold[1])
	var last string
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			last = lines.Text()
		}
	}
	require.Equal(t, "data: [DONE]", last)
}

// The reason stands in the last chunk of each answer, the usage in one of its own
// and only where asked for.
func TestStreamEndings(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
		for _, usage := range []bool{false, true} {
			s.scripted("a", "b", "c")
			body := object{"messages": user("x"), "prompt": "x", "n": 2, "temperature": 0, "stream": true, "echo": false}
			if usage {
				body["stream_options"] = object{"include_usage": true}
			}
			all := chunks(t, s.events(path, body))
			if usage {
				last := all[len(all)-1]
				all = all[:len(all)-1]
				require.Equal(t, []any{}, last["choices"])
				require.EqualValues(t, 6, at(t, last, "usage", "completion_tokens"))
				require.Contains(t, at(t, last, "usage", "prompt_tokens_details"), "cached_tokens")
			}
			reasons := map[any][]any{}
			for _, one := range all {
				value, found := one["usage"]
				require.Equal(t, usage, found)
				require.Nil(t, value)
				require.Len(t, one["choices"], 1)
				i := at(t, one, "choices", 0, "index")
				reasons[i] = append(reasons[i], at(t, one, "choices", 0, "finish_reason"))
				require.Equal(t, all[0]["id"], one["id"])
			}
			require.Equal(t, map[any][]any{0.0: {nil, nil, nil, "length"}, 1.0: {nil, nil, nil, "length"}}, reasons)
		}
	}
}

// A failure midway is an error event, behind which no [DONE] follows; one before
// the stream has begun is a status.
func TestStreamThatFails(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for _, c := range []struct {
		fail error
		code string
	}{{model.ErrMemory, "overloaded"}, {model.ErrNotFinite, "internal_error"}, {errors.New("secret"), "internal_error"}} {
		e := s.scripted("a", "b")
		e.fail = c.fail
		for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
			body := object{"messages": user("x"), "prompt": "x", "stream": true}
			raw := s.send(t.Context(), path, body)
			defer raw.Body.Close()
			all, err := io.ReadAll(raw.Body)
			require.NoError(t, err)
			require.Contains(t, string(all), "\n\nevent: error\ndata: {")
			events := s.events(path, body)
			require.Len(t, events, 3)
			var last object
			require.NoError(t, json.Unmarshal([]byte(events[2]), &last))
			require.Equal(t, c.code, at(t, last, "error", "code"))
			require.NotContains(t, events[2], "secret")
			body["stream"] = false
			status := http.StatusInternalServerError
			if c.code == "overloaded" {
				status = http.StatusServiceUnavailable
			}
			require.Equal(t, c.code, s.refused(status, path, body)["code"])
		}
	}
}

// What doesn't fit in the queue is refused with 429 before a stream begins.
func TestFullQueueIsRefused(t *testing.T) {
	s := serveTiny(t, model.Options{Batch: 1, Queue: -1})
	require.NoError(t, s.Warm(t.Context()))
	_, done := occupy(t, s.model, 1)
	defer done()
	for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
		for _, stream := range []bool{false, true} {
			answer := s.send(t.Context(), path, object{"messages": user("x"), "prompt": "x", "stream": stream})
			defer answer.Body.Close()
			require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
			require.NotEmpty(t, answer.Header.Get("Retry-After"))
			require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		}
	}
}

// Draining answers what is in flight and refuses what comes later; where its time
// is over, streams end with an error.
func TestDrain(t *testing.T) {
	for _, patient := range []bool{true, false} {
		s := serveTiny(t, model.Options{})
		e := s.scripted("a", "b")
		e.hold, e.queued = map[int]chan struct{}{1: make(chan struct{})}, make(chan struct{}, 1)
		answer := s.send(t.Context(), "/v1/chat/completions", object{"messages": user("x"), "stream": true})
		defer answer.Body.Close()
		<-e.queued
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		drained := make(chan error, 1)
		go func() { drained <- s.Drain(ctx) }()
		eventually(t, s.flight.isDraining)
		later := s.send(t.Context(), "/v1/completions", object{"prompt": "x"})
		defer later.Body.Close()
		require.Equal(t, http.StatusServiceUnavailable, later.StatusCode)
		require.NotEmpty(t, later.Header.Get("Retry-After"))
		if patient {
			close(e.hold[1])
			chunks(t, readEvents(t, answer.Body))
			require.NoError(t, <-drained)
			continue
		}
		cancel()
		events := readEvents(t, answer.Body)
		require.Contains(t, events[len(events)-1], `"draining"`)
		require.ErrorIs(t, <-drained, context.Canceled)
	}
}
