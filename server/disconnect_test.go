package server

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// paced is a constraint that allows everything, and lets the model make a step each
// time that something is received from it.
type paced struct {
	step chan struct{}
	free chan struct{} // closed: the model needn't wait any more
}

func (p paced) Allowed() []uint64 {
	select {
	case p.step <- struct{}{}:
	case <-p.free:
	}
	return nil
}
func (p paced) Accept(int32)           {}
func (p paced) Fork() model.Constraint { return p }

// occupy has the model write for a caller who decides when it makes a step. done
// waits for the end of it.
func occupy(t *testing.T, m *model.Model, tokens int) (p paced, done func()) {
	p = paced{make(chan struct{}), make(chan struct{})}
	ended := make(chan error, 1)
	entered := make(chan struct{})
	go func() {
		_, err := m.Generate(context.Background(), model.Request{
			Tokens: []int32{5}, MaxNewTokens: tokens, Stop: []int32{}, Constraint: p, OnQueued: func() { close(entered) },
		})
		ended <- err
	}()
	<-entered
	return p, func() {
		close(p.free)
		require.NoError(t, <-ended)
	}
}

// inFlight returns how many requests use the model.
func (s *site) inFlight() int {
	s.flight.mu.Lock()
	defer s.flight.mu.Unlock()
	return s.flight.count
}

// A client that goes away ends its work in the queue, while its prompt is read, and
// while its answer is written, streamed or not.
func TestDisconnectCancelsEverywhere(t *testing.T) {
	words := strings.Repeat("tremor ", 300)
	bodies := map[string]func(stream bool) (string, object){
		"chat": func(stream bool) (string, object) {
			return "/v1/chat/completions", object{"messages": user(words), "stream": stream, "max_tokens": 500, "n": 2, "seed": 1}
		},
		"text": func(stream bool) (string, object) {
			return "/v1/completions", object{"prompt": []string{words, words}, "stream": stream, "max_tokens": 500}
		},
	}
	for kind, body := range bodies {
		for _, stream := range []bool{false, true} {
			path, body := body(stream)
			name := fmt.Sprintf("%s, stream %v", kind, stream)
			t.Run(name+", in the queue", func(t *testing.T) {
				s := serveTiny(t, model.Options{Batch: 1})
				require.NoError(t, s.Warm(t.Context()))
				before := s.model.Stats().PromptTokens
				_, done := occupy(t, s.model, 1)
				leave := s.start(path, body)
				eventually(t, func() bool { return s.model.Stats().Waiting >= 2 })
				leave()
				eventually(t, func() bool { return s.inFlight() == 0 })
				done()
				require.EqualValues(t, 1, s.model.Stats().PromptTokens-before, "the prompt was read")
			})
			t.Run(name+", while the prompt is read", func(t *testing.T) {
				s := serveTiny(t, model.Options{Batch: 4, PrefillChunk: 32, PrefixCache: -1, Draft: -1})
				require.NoError(t, s.Warm(t.Context()))
				before := s.model.Stats().PromptTokens
				pace, done := occupy(t, s.model, 400)
				leave := s.start(path, body)
				for s.model.Stats().PromptTokens-before < 20 {
					<-pace.step
				}
				leave()
				eventually(t, func() bool { return s.inFlight() == 0 })
				done()
				require.Less(t, s.model.Stats().PromptTokens-before, int64(300), "the prompt was read to its end")
			})
			t.Run(name+", while the answer is written", func(t *testing.T) {
				s := serveTiny(t, model.Options{})
				e := s.scripted("a", "b", "c", "d")
				e.hold, e.ended = map[int]chan struct{}{2: make(chan struct{})}, make(chan error, 2)
				e.queued = make(chan struct{}, 2)
				leave := s.start(path, body)
				<-e.queued
				<-e.queued
				leave()
				require.ErrorIs(t, <-e.ended, context.Canceled)
				require.ErrorIs(t, <-e.ended, context.Canceled)
				eventually(t, func() bool { return s.inFlight() == 0 })
			})
		}
	}
}

// start sends a request and returns how its client goes away.
func (s *site) start(path string, body object) (leave func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		answer, err := s.do(ctx, path, body)
		if err != nil {
			return // the client left before the headers
		}
		defer answer.Body.Close()
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			continue
		}
	}()
	return func() {
		cancel()
		<-gone
	}
}
