package cuda

import (
	"context"
	"errors"
	"slices"

	"github.com/medner/medner/internal/choice/hostchoice"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/model/internal/backend"
)

// run makes a step, inside the context's Do. When it returns, the device has no work
// left from the step.
func (b *Backend) run(ctx context.Context, spans []backend.Span) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := &b.step
	s.lay(spans, &b.decoder)
	if s.rows == 0 {
		return nil
	}
	if err := b.trim(maxFree); err != nil {
		return err
	}
	defer func() {
		if err != nil { // work that is under way uses buffers that the next step fills
			err = errors.Join(err, b.ctx.Synchronize(b.stream))
		}
	}()
	if err := b.room(s); err != nil {
		return err
	}
	if err := b.send(s); err != nil {
		return err
	}
	if err := b.launch(ctx, s); err != nil {
		return err
	}
	if err := b.fetch(s); err != nil {
		return err
	}
	if err := b.ctx.Synchronize(b.stream); err != nil {
		return err
	}
	b.answer(s)
	return nil
}

// room makes room for a step in the caches and in the workspace.
func (b *Backend) room(s *step) error {
	if err := s.reserve(); err != nil {
		return err
	}
	b.pass.shape = shapeOf(s, b.kernels, &b.decoder)
	b.pass.groups = s.adapters
	more := b.limits
	if !more.grow(s.needs(b.pass.shape, &b.decoder)) {
		return nil
	}
	b.limits = limits{}
	if err := b.ctx.Synchronize(b.stream); err != nil {
		return err
	}
	if err := errors.Join(b.graphs.clear(), b.work.free()); err != nil {
		return err
	}
	err := b.work.build(&b.decoder, b.kernels, more)
	if errors.Is(err, driver.ErrOutOfMemory) { // the memory of free pages may do
		if err = errors.Join(b.work.free(), b.trim(0)); err == nil {
			err = b.work.build(&b.decoder, b.kernels, more)
		}
	}
	if err != nil {
		return errors.Join(err, b.work.free())
	}
	b.limits = more
	return nil
}

// send copies the tables of a step to the device, and token vectors that the host
// reads.
func (b *Backend) send(s *step) error {
	t := &b.work.tables
	t.write(s)
	if err := b.ctx.CopyToDevice(t.device, t.host[:t.used], b.stream); err != nil {
		return err
	}
	if !s.own {
		return nil
	}
	n := s.rows * b.decoder.hidden
	x := viewOf[float32](b.work.vectorsHost, n)
	if err := s.vectors(x, b.base, &b.decoder); err != nil {
		return err
	}
	return b.ctx.CopyToDevice(b.work.x, bytesOf(x), b.stream)
}

// launch queues the kernels. Logits of more than one window are copied to the
// host between the windows.
func (b *Backend) launch(ctx context.Context, s *step) error {
	if b.pass.shape.counted {
		b.pass.window, b.pass.scores, b.pass.writes = nil, nil, nil
		err := b.graphs.run(b.pass.shape, func() error { return b.pass.forward(ctx) })
		if err != nil || !s.logits {
			return err
		}
		return b.fetchLogits(s, 0, len(s.asked))
	}
	b.pass.window = func(first, n int) error { return b.fetchLogits(s, first, n) }
	b.pass.scores, b.pass.writes = nil, nil
	if b.pass.shape.scored {
		b.pass.scores = func() error { return b.pass.classify(s, b.ctx) }
		b.pass.writes = s.writes
	}
	return b.pass.forward(ctx)
}

// fetchLogits queues the copies of the logits that the host needs of the n rows
// of a window.
func (b *Backend) fetchLogits(s *step, first, n int) error {
	row := 4 * b.decoder.vocab
	for i, r := range s.asked[first : first+n] {
		if r.Logits == nil && !drawn(r) {
			continue
		}
		if err := b.ctx.CopyToHost(b.work.logitsHost[(first+i)*row:][:row], b.work.logits+driver.Ptr(i*row), b.stream); err != nil {
			return err
		}
	}
	return nil
}

// fetch queues the copies of the choices, and of the log-probabilities of probes.
func (b *Backend) fetch(s *step) error {
	if !s.choose {
		return nil
	}
	n := len(s.asked)
	if err := b.ctx.CopyToHost(b.work.choicesHost[:n*gpukernels.ChoiceBytes], b.work.choices, b.stream); err != nil {
		return err
	}
	if s.probes == 0 {
		return nil
	}
	return b.ctx.CopyToHost(b.work.probesHost[:4*n*b.pass.shape.probes], b.work.probes, b.stream)
}

// answer copies logits and choices to the rows that ask for them.
func (b *Backend) answer(s *step) {
	b.readScores(s)
	for i, r := range s.asked {
		if r.Logits != nil {
			copy(r.Logits, b.logits(i))
		}
		if r.Rule == nil || drawn(r) {
			continue
		}
		gpukernels.ReadChoice(b.work.choicesHost[i*gpukernels.ChoiceBytes:], r.Choice)
		if n := len(r.Rule.Probes); n > 0 && r.Choice.Err == nil {
			probes := viewOf[float32](b.work.probesHost[4*i*b.pass.shape.probes:], n)
			r.Choice.ProbeLogProbs = append(r.Choice.ProbeLogProbs, probes...)
		}
	}
	if slices.ContainsFunc(s.asked, drawn) {
		b.draw(s)
	}
	clear(s.asked)
}

// logits returns the logits of an asked row, as they were copied.
func (b *Backend) logits(asked int) []float32 {
	return viewOf[float32](b.work.logitsHost[4*asked*b.decoder.vocab:], b.decoder.vocab)
}

// draw makes the choices that are drawn, on all processors.
func (b *Backend) draw(s *step) {
	_ = parallel.For(len(s.asked), 1, func(lo, hi int) error { // errors are in the choices
		m := b.makers.Get().(*hostchoice.Maker)
		defer b.makers.Put(m)
		for i, r := range s.asked[lo:hi] {
			if drawn(r) {
				m.Make(b.logits(lo+i), r.Rule, r.Choice)
			}
		}
		return nil
	})
}
