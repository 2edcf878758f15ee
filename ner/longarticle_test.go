package ner_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestLongArticles(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "Sentence %d says that drug%d eases pain. ", i, i)
	}
	seen := map[string]bool{}
	var mu sync.Mutex
	f := newFake(t, nil)
	f.answer = func(p string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		answer := ""
		for i := range 200 {
			if d := fmt.Sprintf("drug%d", i); strings.Contains(p, d+" ") {
				seen[d] = true
				answer += "- " + d + "\n"
			}
		}
		return answer, nil
	}
	r := extract(t, f, text.String(), ner.WithTasks(prompt.Chemicals), ner.WithChunkTokens(300))
	require.Len(t, seen, 200, "a sentence was not read")
	require.Len(t, r.Entities, 200)
	require.Empty(t, r.Dropped, "what two pieces share is no duplicate")
	require.Len(t, r.Warnings, 1)
	require.Contains(t, r.Warnings[0], "overlapping pieces")
	for _, p := range f.prompts {
		require.NotContains(t, p, "that drug\n")
	}
	for i, request := range f.requests {
		require.Less(t, len(request.Tokens), 800, f.prompts[i])
	}

	f.context = 250
	_, err := ner.NewWithEngine(f.engine())
	require.NoError(t, err)
	e, err := ner.NewWithEngine(f.engine(), ner.WithMaxNewTokens(200))
	require.NoError(t, err)
	for _, err := range e.Extract(t.Context(), document.Document{ID: "x", Text: "Aspirin."}) {
		require.ErrorContains(t, err, "context")
	}
}

// However lines end, the model is asked the same, and offsets are the text's.
func TestLineEnds(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "- gastric ulcers", ""))
	for _, end := range []string{"\n", "\r\n", "\r"} {
		r := extract(t, f, "CASE"+end+end+"Aspirin causes gastric"+end+"ulcers.", ner.WithTasks(prompt.Diseases))
		require.Equal(t, f.prompts[0], f.prompts[len(f.prompts)-1])
		from := len("CASE" + end + end + "Aspirin causes ")
		require.Equal(t, []string{fmt.Sprintf("disease gastric%sulcers@%d-%d", end, from, from+len("gastric"+end+"ulcers"))}, places(r))
	}
}
