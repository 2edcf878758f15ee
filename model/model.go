package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
)

// Model is an open checkpoint, ready to generate. Its methods may be called
// concurrently; calls that compute share the steps of one batch.
type Model struct {
	config    *arch.Config
	backend   backend.Backend
	scheduler *scheduler
	stop      []int32
	context   int
	adapters  []string // that a request may choose
	merged    string   // the one that is part of the weights; "": none
	mode      LoRA
	origin    origin
	files     []io.Closer // what the weights are views of
	closing   sync.Once
}

// newModel starts the scheduler over a backend.
func newModel(c *arch.Config, b backend.Backend, stop []int32, adapters []string, o Options) *Model {
	o = o.withDefaults(c)
	return &Model{
		config: c, backend: b, stop: stop, context: o.Context, adapters: adapters,
		scheduler: newScheduler(b, c.VocabSize, stop, o),
	}
}

// Config is the checkpoint's architecture.
func (m *Model) Config() *arch.Config { return m.config }

// Info describes the device, its kernels, and the memory that weights take.
func (m *Model) Info() Info { return Info(m.backend.Info()) }

// Adapters are the names that a request may choose from, beside [Base] unless
// the adapter is merged, and how they are applied ("" without any).
func (m *Model) Adapters() ([]string, LoRA) {
	if m.merged != "" {
		return []string{m.merged}, m.mode
	}
	return slices.Clone(m.adapters), m.mode
}

// StopIDs are the ids that end an output unless a request names others.
func (m *Model) StopIDs() []int32 { return slices.Clone(m.stop) }

// Context is the number of positions that prompt and output may have.
func (m *Model) Context() int { return m.context }

// Stats reports what the model has done so far.
func (m *Model) Stats() Stats {
	m.scheduler.mu.Lock()
	defer m.scheduler.mu.Unlock()
	return m.scheduler.stats
}

// Generate continues a prompt greedily: at each position the likeliest id, the
// lowest of equals, under the request's penalty and constraint. The ids are
// the same whatever else the model is doing.
//
// When ctx ends, Generate returns at once with its error and the tokens
// written so far. Other errors: *[ContextError] and badinput errors for
// requests that can't be met, [ErrClosed], [ErrNotFinite],
// [ErrNothingAllowed], [ErrMemory] and [ErrLost].
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
	q := newSequence(ctx, r, adapter, limit, m.config.VocabSize)
	if err := m.scheduler.submit(q); err != nil {
		return nil, err
	}
	result := &Result{PromptTokens: len(r.Tokens)}
	for {
		select {
		case <-ctx.Done():
			m.scheduler.leave(q)
			return result, ctx.Err()
		case <-q.mailbox.wake:
		}
		q.mailbox.mu.Lock()
		fresh := slices.Clone(q.mailbox.tokens[len(result.Tokens):])
		done, finish, err := q.mailbox.done, q.mailbox.finish, q.mailbox.err
		if done {
			result.Timings = q.mailbox.timings
		}
		q.mailbox.mu.Unlock()
		for _, t := range fresh {
			result.Tokens = append(result.Tokens, t)
			if r.OnToken != nil {
				r.OnToken(t)
			}
		}
		if done {
			result.FinishReason = finish
			return result, err
		}
	}
}

// Logits reads tokens and returns the raw logits, [vocab], at the last rows
// positions, in order.
func (m *Model) Logits(ctx context.Context, tokens []int32, rows int, adapter string) ([][]float32, error) {
	var all [][]float32
	err := m.EachLogits(ctx, tokens, rows, adapter, func(row []float32) error {
		all = append(all, row)
		return nil
	})
	return all, err
}

// EachLogits calls fn with the rows that [Model.Logits] returns, as they are
// computed, from the goroutine that called it. An error of fn ends it.
func (m *Model) EachLogits(ctx context.Context, tokens []int32, rows int, adapter string, fn func(row []float32) error) error {
	index, err := m.check(tokens, adapter)
	if err != nil {
		return err
	}
	if rows < 1 || rows > len(tokens) {
		return badinput.New("", "rows", fmt.Sprint(rows), fmt.Sprintf("1 to the prompt's %d", len(tokens)))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // where fn ends it
	q := newSequence(ctx, Request{Tokens: tokens}, index, len(tokens), m.config.VocabSize)
	q.wantRows = rows
	if err := m.scheduler.submit(q); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			m.scheduler.leave(q)
			return ctx.Err()
		case <-q.mailbox.wake:
		}
		q.mailbox.mu.Lock()
		fresh := q.mailbox.logits
		q.mailbox.logits = nil
		done, failed := q.mailbox.done, q.mailbox.err
		q.mailbox.mu.Unlock()
		for _, row := range fresh {
			if err = finite(row); err == nil {
				err = fn(row)
			}
			if err != nil {
				m.scheduler.leave(q)
				return err
			}
		}
		if done {
			return failed
		}
	}
}

// finite reports NaN and infinite logits.
func finite(row []float32) error {
	for id, v := range row {
		if v-v != 0 {
			return &choice.NotFiniteError{ID: id, Value: v}
		}
	}
	return nil
}

// check verifies a prompt and finds its adapter.
func (m *Model) check(tokens []int32, adapter string) (int, error) {
	if len(tokens) == 0 {
		return 0, badinput.New("", "prompt", "no tokens", "at least one")
	}
	if len(tokens) > m.context {
		return 0, &ContextError{PromptTokens: len(tokens), Limit: m.context}
	}
	for i, id := range tokens {
		if id < 0 || int(id) >= m.config.VocabSize {
			return 0, badinput.New("", fmt.Sprintf("prompt token %d", i), fmt.Sprintf("id %d", id), fmt.Sprintf("0 to %d", m.config.VocabSize-1))
		}
	}
	switch {
	case adapter == "":
		return min(0, len(m.adapters)-1), nil
	case adapter == m.merged, adapter == Base && m.merged == "":
		return -1, nil
	}
	if i := slices.Index(m.adapters, adapter); i >= 0 {
		return i, nil
	}
	choice := append([]string{Base}, m.adapters...)
	if m.merged != "" {
		choice = []string{m.merged}
	}
	return 0, badinput.New("", "adapter", fmt.Sprintf("%q", adapter), fmt.Sprintf("one of %q", choice))
}

// checkRequest verifies the rest of a request.
func (m *Model) checkRequest(r *Request) error {
	if len(r.Tokens) >= m.context {
		return &ContextError{PromptTokens: len(r.Tokens), Limit: m.context}
	}
	if p := float64(r.RepetitionPenalty); math.IsNaN(p) || math.IsInf(p, 0) || p < 0 {
		return badinput.New("", "repetition penalty", fmt.Sprint(p), "a number above 0")
	}
	if r.MaxNewTokens < 0 {
		return badinput.New("", "max new tokens", fmt.Sprint(r.MaxNewTokens), "0 or more")
	}
	if r.Top < 0 || r.Top > MaxTop {
		return badinput.New("", "top", fmt.Sprint(r.Top), fmt.Sprintf("0 to %d", MaxTop))
	}
	r.Top = min(r.Top, m.config.VocabSize)
	for _, id := range r.Probe {
		if id < 0 || int(id) >= m.config.VocabSize {
			return badinput.New("", "probe", fmt.Sprintf("id %d", id), fmt.Sprintf("0 to %d", m.config.VocabSize-1))
		}
	}
	return nil
}

// Close ends all calls with [ErrClosed], frees the weights and unmaps the
// files.
func (m *Model) Close() (err error) {
	m.closing.Do(func() {
		m.scheduler.close()
		err = m.backend.Close()
		for _, f := range m.files {
			err = errors.Join(err, f.Close())
		}
	})
	return err
}
