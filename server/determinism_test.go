package server

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// mixedRequest is a request of one of the endpoints that ask the model.
type mixedRequest struct {
	path, accept, body string
}

// mixed returns requests of all kinds, drawn by a seed.
func mixed(n int, seed uint64) (all []mixedRequest) {
	random := rand.New(rand.NewPCG(seed, 1))
	words := []string{"lithium", "caused", "tremor", "in", "two", "patients", "naïve", "😀", "aspirin", "and", "rash", "."}
	text := func(most int) string {
		var b strings.Builder
		for range 1 + random.IntN(most) {
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
		return strings.TrimSpace(b.String())
	}
	models := []string{"tiny", "plain", "rslora", "base"}
	for i := range n {
		name, tokens := models[random.IntN(len(models))], 1+random.IntN(24)
		stream, seed := random.IntN(2) == 0, random.IntN(1000)
		temperature := []string{"0", "0.8", "1.5"}[random.IntN(3)]
		switch i % 4 {
		case 0:
			all = append(all, mixedRequest{"/v1/chat/completions", "", fmt.Sprintf(
				`{"model":%q,"messages":[{"role":"system","content":"You find drugs."},{"role":"user","content":%q}],"max_completion_tokens":%d,"stream":%t,"seed":%d,"temperature":%s,"logprobs":true,"top_logprobs":2,"n":2}`,
				name, text(60), tokens, stream, seed, temperature)})
		case 1:
			all = append(all, mixedRequest{"/v1/completions", "", fmt.Sprintf(
				`{"model":%q,"prompt":[%q,%q],"max_tokens":%d,"stream":%t,"seed":%d,"temperature":%s,"logprobs":1,"repetition_penalty":1.15}`,
				name, text(40), text(3), tokens, stream, seed, temperature)})
		default:
			accept := []string{envelope, ndjson, eventStream, "text/x-pubtator", "text/tab-separated-values"}[random.IntN(5)]
			all = append(all, mixedRequest{"/v1/ner", accept, fmt.Sprintf(
				`{"documents":[{"id":"a","text":%q},{"id":"b","title":%q,"text":%q}],"tasks":["chemicals","influences"],"max_new_tokens":%d,"grounded":%t,"chunk_tokens":%d}`,
				text(80), text(5), text(20), tokens, random.IntN(2) == 0, 16+random.IntN(64))})
		}
	}
	return all
}

// variable matches what differs between two answers to the same request: names and times
// of answers, how much of a prompt was in the cache already, and signs of life.
var variable = regexp.MustCompile(`"(id":"(chatcmpl|cmpl)-[^"]*"|created":\d+|cached_tokens":\d+)|: keep-alive\n\n`)

// answerTo returns the answer to a request, without what varies; "" if it was cancelled.
func (s *site) answerTo(ctx context.Context, m mixedRequest) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+m.path, strings.NewReader(m.body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if m.accept != "" {
		r.Header.Set("Accept", m.accept)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(answer.StatusCode, " ", byChoice(variable.ReplaceAllString(string(data), ""))), nil
}

// choiceNumber matches the number of the choice that an event adds to.
var choiceNumber = regexp.MustCompile(`"index":(\d+)`)

// byChoice returns a stream with the events of each choice together: several choices are
// written at once, and which is a token ahead is no part of the answer.
func byChoice(text string) string {
	events := strings.SplitAfter(text, "\n\n")
	number := func(event string) string {
		if m := choiceNumber.FindStringSubmatch(event); strings.HasPrefix(event, "data: {") && m != nil {
			return m[1]
		}
		return "~" // what ends a stream
	}
	slices.SortStableFunc(events, func(a, b string) int { return strings.Compare(number(a), number(b)) })
	return strings.Join(events, "")
}

// requireSame compares answers and shows the first that differs.
func requireSame(t *testing.T, all []mixedRequest, want, got []string) {
	t.Helper()
	for i := range all {
		require.Equal(t, want[i], got[i], "%v", all[i])
	}
}

// answersTo sends requests, some at once, in an order of their own.
func (s *site) answersTo(all []mixedRequest, order []int, atOnce int) []string {
	answers := make([]string, len(all))
	var wg sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for _, i := range order {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			var err error
			if answers[i], err = s.answerTo(context.Background(), all[i]); err != nil {
				answers[i] = err.Error()
			}
		})
	}
	wg.Wait()
	return answers
}

// What a request gets depends on nothing but the request: not on what else is asked at
// the same time, nor on others that leave.
func TestAnswersDependOnNothingElse(t *testing.T) {
	n := 64
	if testing.Short() { // as under the race detector, which needs each kind of request and not many of each
		n = 32
	}
	all := mixed(n, 7)
	inOrder := make([]int, len(all))
	for i := range inOrder {
		inOrder[i] = i
	}
	want := serveTiny(t, model.Options{Batch: 1, Draft: -1, PrefixCache: -1}, WithName("tiny")).answersTo(all, inOrder, 1)
	for i, answer := range want {
		require.True(t, strings.HasPrefix(answer, "200 "), "%v: %s", all[i], answer)
	}
	random := rand.New(rand.NewPCG(1, 2))
	s := serveTiny(t, model.Options{}, WithName("tiny"))
	requireSame(t, all, want, s.answersTo(all, random.Perm(len(all)), 32))

	// Others leave, at any time: while they wait, are read, or are written.
	over := make(chan struct{})
	var others sync.WaitGroup
	for k := range 4 {
		others.Go(func() {
			mine := rand.New(rand.NewPCG(3, uint64(k)))
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				ctx, leave := context.WithCancel(context.Background())
				requests, leaving := mixed(1+n%4, mine.Uint64()), make(chan struct{})
				go func() {
					defer close(leaving)
					_, _ = s.answerTo(ctx, requests[len(requests)-1])
				}()
				for range mine.IntN(2000) {
					select {
					case <-leaving:
					default:
						_ = s.inFlight()
					}
				}
				leave()
				<-leaving
			}
		})
	}
	got := s.answersTo(all, random.Perm(len(all)), 32)
	close(over)
	others.Wait()
	requireSame(t, all, want, got)
	eventually(t, func() bool { return s.inFlight() == 0 })
}
