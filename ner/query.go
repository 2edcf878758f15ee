package ner

import (
	"context"
	"slices"
	"sync"

	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/internal/tagging"
)

// query is one thing that the model does with a piece of an article: it
// answers a question about it, or labels its copy.
type query struct {
	piece int // the piece's place in the article, from 0
	run   func(context.Context) error
}

// run runs all queries at once, as far as there are places, and waits for them.
// The first error ends the others and is returned.
//
// Queries about one piece take their places together, and documents take
// turns in order of arrival, those of different tenants in turn. Otherwise each of many documents would get a place
// for its first question, and the keys and values of the article would be gone
// from the prefix cache before its second.
func (e *Extractor) run(ctx context.Context, queries []query) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slices.SortStableFunc(queries, func(a, b query) int { return a.piece - b.piece })
	var working sync.WaitGroup
	for len(queries) > 0 {
		n := 1
		for n < len(queries) && n < e.concurrency && queries[n].piece == queries[0].piece {
			n++
		}
		// Places are taken here, so that a long article doesn't start a goroutine
		// for every piece.
		if e.places.acquire(ctx, e.tenant, n) != nil {
			break // for a cause that ctx has
		}
		for _, q := range queries[:n] {
			working.Go(func() {
				defer e.places.release(e.tenant)
				if err := q.run(ctx); err != nil {
					cancel(err)
				}
			})
		}
		queries = queries[n:]
	}
	working.Wait()
	return context.Cause(ctx)
}

// read has the model answer questions and label copies, and returns its answers
// and the mentions that the labels say.
func (e *Extractor) read(ctx context.Context, text string, questions []question, copies []copied) ([]answered, []tag, error) {
	var queries []query
	replies := make([][]reply, len(questions))
	indexes := map[string]func() *constraint.Article{} // by piece
	for i, q := range questions {
		index := indexes[q.article]
		if index == nil {
			index = sync.OnceValue(func() *constraint.Article {
				if !e.grounded {
					return nil
				}
				return constraint.NewArticle(e.vocabulary(), q.article)
			})
			indexes[q.article] = index
		}
		queries = append(queries, query{q.piece, func(ctx context.Context) (err error) {
			replies[i], err = e.ask(ctx, q, index())
			return err
		}})
	}
	windows := make([][]tagging.Token, len(copies))
	for i, c := range copies {
		queries = append(queries, query{i, func(ctx context.Context) (err error) {
			windows[i], err = e.scores(ctx, c)
			return err
		}})
	}
	if err := e.run(ctx, queries); err != nil {
		return nil, nil, err
	}
	var answers []answered
	for i, q := range questions {
		for _, r := range replies[i] {
			answers = append(answers, answered{q, r})
		}
	}
	if len(copies) == 0 {
		return answers, nil, nil
	}
	tags, err := e.mentions(text, windows)
	return answers, tags, err
}
