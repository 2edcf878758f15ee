package model

import (
	"context"
	"errors"
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// compute makes the step that was laid out. Where the device has no room for
// it, what is kept of earlier prompts makes way.
func (s *scheduler) compute(ctx context.Context) error {
	err := s.backend.Step(ctx, s.spans)
	if errors.Is(err, backend.ErrMemory) && s.prefix != nil && len(s.prefix.entries) > 0 {
		s.prefix.clear()
		err = s.backend.Step(ctx, s.spans)
	}
	return err
}

// fail ends those whom a failed step leaves without a future: all who had
// keys and values on a device that is lost; of a device that is full, one who
// made it so; else all of the step.
func (s *scheduler) fail(err error) {
	switch {
	case errors.Is(err, backend.ErrLost):
		for _, q := range slices.Clone(s.active) {
			if q.cache != nil {
				s.finish(q, "", err)
			}
		}
		if s.prefix != nil {
			s.prefix.clear()
		}
	case errors.Is(err, backend.ErrMemory):
		s.makeRoom(err)
	default:
		for _, q := range s.running {
			s.finish(q, "", err)
		}
	}
}

// makeRoom puts off the latest sequence, until another has ended. One that is
// alone, or whose logits were handed out, ends instead.
func (s *scheduler) makeRoom(err error) {
	for _, q := range slices.Backward(s.active) {
		switch {
		case q.cache == nil:
			continue
		case q.wantRows > 0 || len(s.active) == 1:
			s.finish(q, "", err)
			return
		}
		s.active = slices.DeleteFunc(s.active, func(a *sequence) bool { return a == q })
		q.cache.Close()
		q.cache, q.rereading = nil, len(q.tokens) > q.prompt
		s.waiting = slices.Insert(s.waiting, 0, q)
		s.room = len(s.active)
		return
	}
}
