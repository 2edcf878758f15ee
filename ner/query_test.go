package ner_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/stretchr/testify/require"
)

// TestQuestionsAboutAnArticleAreAskedTogether: the model answers no question
// before it has all three about an article. With room for three questions in
// flight the job can only end if no other article's question is let in between.
func TestQuestionsAboutAnArticleAreAskedTogether(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	asked := map[string]chan struct{}{} // by article: full once all three questions are there
	f := newFake(t, nil)
	f.answer = func(p string) (string, error) {
		_, article, _ := strings.Cut(p, "Article ")
		article, _, _ = strings.Cut(article, ".")
		mu.Lock()
		if asked[article] == nil {
			asked[article] = make(chan struct{}, 3)
		}
		all := asked[article]
		mu.Unlock()
		all <- struct{}{}
		for len(all) < 3 {
			if err := ctx.Err(); err != nil {
				return "", fmt.Errorf("article %s: %d questions, and no more: %w", article, len(all), err)
			}
			time.Sleep(time.Millisecond)
		}
		return "- aspirin", nil
	}
	e, err := ner.NewWithEngine(f.engine(), ner.WithConcurrency(3))
	require.NoError(t, err)
	var docs []document.Document
	for i := range 12 {
		docs = append(docs, document.Document{ID: fmt.Sprint(i), Text: fmt.Sprintf("Article %d. It is about aspirin.", i)})
	}
	n := 0
	for _, err := range e.Extract(ctx, docs...) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, len(docs), n)
}

// TestMoreQuestionsThanPlaces: where fewer may be in flight than there are about
// an article, they take turns.
func TestMoreQuestionsThanPlaces(t *testing.T) {
	for _, most := range []int{1, 2} {
		f := newFake(t, byTask("- aspirin", "- pain", "- aspirin | pain"))
		r := extract(t, f, "Aspirin eases pain.", ner.WithConcurrency(most))
		require.Equal(t, []string{"chemical Aspirin@0-7", "disease pain@14-18"}, places(r))
		require.LessOrEqual(t, f.most, most)
	}
}
