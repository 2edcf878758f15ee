package modelbench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/medner/medner/model"
)

// TooShortError says that sequences that are decoded at once never all wrote at
// the same time: some ended before others had read their prompts.
type TooShortError struct{ Tokens int }

func (e *TooShortError) Error() string {
	return fmt.Sprintf("%d tokens are too few: some sequences ended before others had read their prompts", e.Tokens)
}

// decode writes tokens in w.Parallel sequences at once. It returns how many were
// written while all of the sequences were writing, and how long that was.
func decode(ctx context.Context, m *model.Model, w Work) (count int, took time.Duration, err error) {
	if w.Parallel == 1 {
		return decodeOne(ctx, m, w)
	}
	var group sync.WaitGroup
	written := make([][]time.Time, w.Parallel)
	errs := make([]error, w.Parallel)
	for i := range w.Parallel {
		group.Go(func() {
			r := request(m, w, i)
			r.OnToken = func(model.Token) { written[i] = append(written[i], time.Now()) }
			_, errs[i] = m.Generate(ctx, r)
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, 0, err
	}
	from, to := written[0][0], written[0][w.Generate]
	for _, times := range written {
		if times[0].After(from) {
			from = times[0]
		}
		if times[w.Generate].Before(to) {
			to = times[w.Generate]
		}
	}
	for _, times := range written {
		for _, at := range times {
			if at.After(from) && !at.After(to) {
				count++
			}
		}
	}
	if count == 0 {
		return 0, 0, &TooShortError{w.Generate}
	}
	return count, to.Sub(from), nil
}

// decodeOne is decode of one sequence. It takes the model's own times, since a
// small model may write several tokens before OnToken hears of the first.
func decodeOne(ctx context.Context, m *model.Model, w Work) (count int, took time.Duration, err error) {
	result, err := m.Generate(ctx, request(m, w, 0))
	if err != nil {
		return 0, 0, err
	}
	return w.Generate, result.Timings.Decode, nil
}

// request asks for w.Generate tokens after the one that the step which reads the
// prompt writes.
func request(m *model.Model, w Work, sequence int) model.Request {
	return model.Request{Tokens: tokens(m, max(1, w.Depth), sequence), MaxNewTokens: w.Generate + 1, Stop: []int32{}}
}

// tokens returns n ids from all over the vocabulary, other ones for each
// sequence.
func tokens(m *model.Model, n, sequence int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*7919 + 13 + 31*sequence) % m.Config().VocabSize)
	}
	return ids
}
