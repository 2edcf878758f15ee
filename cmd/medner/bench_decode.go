package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/medner/medner/model"
)

// decode writes tokens after a prompt, by so many sequences at once, and
// returns how many were written while all were at it, and in what time.
func decode(ctx context.Context, m *model.Model, w benchWork) (tokens int, took time.Duration, err error) {
	var group sync.WaitGroup
	written := make([][]time.Time, w.parallel)
	errs := make([]error, w.parallel)
	for i := range w.parallel {
		group.Go(func() {
			// The first token ends the prompt's step; gen more follow.
			_, errs[i] = m.Generate(ctx, model.Request{
				Tokens: benchTokens(m, max(1, w.depth), i), MaxNewTokens: w.gen + 1, Stop: []int32{},
				OnToken: func(model.Token) { written[i] = append(written[i], time.Now()) },
			})
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, 0, err
	}
	from, to := written[0][0], written[0][w.gen]
	for _, times := range written {
		if times[0].After(from) {
			from = times[0]
		}
		if times[w.gen].Before(to) {
			to = times[w.gen]
		}
	}
	for _, times := range written {
		for _, at := range times {
			if at.After(from) && !at.After(to) {
				tokens++
			}
		}
	}
	if tokens == 0 {
		return 0, 0, usagef("-n %d is too short: some sequences ended before others had read their prompts", w.gen)
	}
	return tokens, to.Sub(from), nil
}

// benchTokens are ids all over the vocabulary.
func benchTokens(m *model.Model, n, sequence int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*7919 + 13 + 31*sequence) % m.Config().VocabSize)
	}
	return ids
}
