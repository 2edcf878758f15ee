package model

import "context"

// Generate continues a prompt: at each position it writes the likeliest id under
// the request's penalty and constraint, the lowest of equals, or one that is
// drawn as Request.Sampling says. The ids are the same whatever else the model is
// doing.
//
// When ctx ends, Generate returns at once with its error, the tokens written so far and
// the timings up to the latest step that wrote. Other errors are *[ContextError] and
// badinput errors for requests that can't be met, *[QueueFullError], [ErrDraining] and
// [ErrClosed] for calls that are not let in, and [ErrNotFinite], [ErrNothingAllowed],
// [ErrMemory] and [ErrLost] for calls that fail on the way.
func (m *Model) Generate(ctx context.Context, r Request) (*Result, error) {
	adapter, err := m.check(r.Tokens, r.Adapter)
	if err == nil {
		err = m.checkRequest(&r)
	}
	if err != nil {
		return nil, err
	}
	limit := m.context
	if n := r.MaxNewTokens; n > 0 && n < limit-len(r.Tokens) {
		limit = len(r.Tokens) + n
	}
	t := newWriter(ctx, r, adapter, limit, m.config.VocabSize, m.stop)
	if err := m.scheduler.enter(t.sequence); err != nil {
		return nil, err
	}
	if r.OnQueued != nil {
		r.OnQueued()
	}
	result := &Result{PromptTokens: len(r.Tokens)}
	var fresh []Token
	for {
		select {
		case <-ctx.Done():
			m.scheduler.guard.leave(t.sequence)
			result.Timings = t.latest()
			return result, ctx.Err()
		case <-t.arrived():
		}
		var ending *ending
		fresh, ending = t.take(fresh)
		for _, token := range fresh {
			if ctx.Err() != nil { // OnToken may have ended it
				m.scheduler.guard.leave(t.sequence)
				result.Timings = t.latest()
				return result, ctx.Err()
			}
			result.Tokens = append(result.Tokens, token)
			if r.OnToken != nil {
				r.OnToken(token)
			}
		}
		if ending != nil {
			result.FinishReason, result.Timings = ending.finish, ending.timings
			return result, ending.err
		}
	}
}
