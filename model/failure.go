package model

import (
	"context"
	"errors"
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// compute makes the step that was laid out. Where the device has no room for
// it, the prefix cache makes way.
func (s *scheduler) compute(ctx context.Context) error {
	err := s.backend.Step(ctx, s.spans)
	if errors.Is(err, backend.ErrMemory) && s.prefix != nil && len(s.prefix.entries) > 0 {
		s.prefix.clear()
		err = s.backend.Step(ctx, s.spans)
	}
	return err
}

// fail ends sequences after a step that failed with err: all that have a cache if the
// device is lost, one to make room if its memory is full, and the sequences of the step
// in any other case.
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

// makeRoom puts off the sequence with a cache that was admitted last, a patient one if
// there is one, until another has ended: it waits again, whatever it was doing. Where it
// is alone, or can't be read again, it ends with the error instead.
func (s *scheduler) makeRoom(err error) {
	patient := slices.ContainsFunc(s.active, func(q *sequence) bool { return q.patient && q.cache != nil })
	for _, q := range slices.Backward(s.active) {
		if q.cache == nil || patient && !q.patient {
			continue
		}
		if len(s.active) == 1 || !q.task.restarts() {
			s.finish(q, "", err)
			return
		}
		s.active = slices.DeleteFunc(s.active, func(a *sequence) bool { return a == q })
		s.waiting = slices.Insert(s.waiting, 0, q)
		s.room = len(s.active)
		q.cache.Close()
		q.cache, q.phase = nil, waiting
		return
	}
}
