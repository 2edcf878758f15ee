package server

import (
	"context"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/medner/medner/model"
)

// written is how an answer was written.
type written struct {
	tokens []model.Token
	finish string
	cached int // tokens of the prompt found in the prefix cache
}

// write has the model write all answers that a plan asks for, p.best to each
// prompt in turn. It calls queued once all are let in and before anything is
// delivered, and deliver with each part of each answer: the parts of one answer in
// order, those of several at the same time. When one answer fails, the others end.
func (s *Server) write(ctx context.Context, p *plan, queued func(), deliver func(index int, part piece) error) ([]written, error) {
	leads, err := s.leads(ctx, p)
	if err != nil {
		return nil, err
	}
	all := make([]written, len(p.prompts)*p.best)
	same := 1 // how many answers in a row are equal, and written once
	if p.request.Sampling.Temperature == 0 {
		same = p.best
	}
	var waiting atomic.Int64
	waiting.Store(int64(len(all) / same))
	begun := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	for first := 0; first < len(all); first += same {
		at := first / p.best
		one := run{
			s: s, p: p, lead: leads[at], request: p.request,
			queued: func() {
				if waiting.Add(-1) == 0 {
					queued()
					close(begun)
				}
			},
			deliver: func(part piece) error {
				select {
				case <-begun:
				case <-ctx.Done():
					return ctx.Err()
				}
				for i := first; i < first+same; i++ {
					if err := deliver(i, part); err != nil {
						return err
					}
				}
				return nil
			},
		}
		one.request.Tokens = p.prompts[at].tokens
		one.request.Sampling.Seed = seedOf(p.request.Sampling.Seed, first%p.best)
		group.Go(func() error {
			return s.guarded(func() error {
				w, err := one.write(ctx)
				for i := first; i < first+same; i++ {
					all[i] = w
				}
				return err
			})
		})
	}
	return all, group.Wait()
}

// guarded keeps a panic of f to the request that it belongs to.
func (s *Server) guarded(f func() error) (err error) {
	defer func() {
		if found := recover(); found != nil {
			s.logPanic(found)
			err = errInternal
		}
	}()
	return f()
}

// leads returns, for each prompt, what its answers begin with: the prompt itself,
// where the plan wants it echoed.
func (s *Server) leads(ctx context.Context, p *plan) ([]piece, error) {
	leads := make([]piece, len(p.prompts))
	if !p.echo {
		return leads, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, prompt := range p.prompts {
		leads[i].text = prompt.text
		if !p.logs {
			continue
		}
		group.Go(func() error {
			return s.guarded(func() error {
				scored, err := s.generator.Score(ctx, prompt.tokens, p.request.Top, p.request.Adapter)
				for j, token := range scored {
					leads[i].logs = append(leads[i].logs, logged{Token: token, start: prompt.starts[j], unknown: j == 0})
				}
				return err
			})
		})
	}
	return leads, group.Wait()
}

// A run writes one answer.
type run struct {
	s       *Server
	p       *plan
	lead    piece // what the answer begins with, until it is delivered
	request model.Request
	queued  func()
	deliver func(piece) error
}

// write writes the answer and delivers its parts.
func (r *run) write(ctx context.Context) (written, error) {
	out := written{finish: model.FinishLength}
	t := &transcript{tokens: r.s.tokenizer, stream: r.s.tokenizer.NewStream(true), stops: newStopper(r.p.stops), stopIDs: r.request.Stop, logs: r.p.logs}
	t.decoded = utf8.RuneCountInString(r.lead.text)
	t.given = t.decoded
	if r.p.continues {
		for _, id := range r.request.Tokens {
			t.stream.Push(id)
		}
	}
	if r.p.most == 0 {
		r.queued()
		return out, r.give(t.end())
	}
	r.request.MaxNewTokens = max(r.p.most, 0)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	latest := time.Now()
	r.request.OnQueued = r.queued
	r.request.OnToken = func(token model.Token) {
		out.tokens = append(out.tokens, token)
		r.s.metrics.token(len(out.tokens) == 1, time.Since(latest))
		latest = time.Now()
		failed = r.give(t.push(token))
		if failed != nil || t.stopped {
			cancel()
		}
	}
	result, err := r.s.generator.Generate(ctx, r.request)
	if result != nil {
		out.finish, out.cached = result.FinishReason, result.Timings.CachedTokens
		r.s.metrics.generated(result.Timings)
		about := recordOf(ctx)
		about.prompt.Add(int64(result.PromptTokens))
		about.cached.Add(int64(out.cached))
		about.written.Add(int64(len(out.tokens)))
	}
	switch {
	case failed != nil:
		return out, failed
	case err != nil && !t.stopped:
		return out, err
	}
	last := t.end()
	if t.stopped {
		out.finish = model.FinishStop
	}
	return out, r.give(last)
}

// give delivers a part of the answer, unless it is empty.
func (r *run) give(part piece) error {
	part.text, part.logs = r.lead.text+part.text, append(r.lead.logs, part.logs...)
	r.lead = piece{}
	if part.isEmpty() {
		return nil
	}
	return r.deliver(part)
}
